"""What does DeepSeek charge, hour by hour? Cases worked out by hand from its published prices.

Since 2026-08-16 16:00 UTC a call costs twice as much from 01:00 to 04:00 and from 06:00 to 10:00 UTC, and since
2026-08-23 only from Monday to Friday, but for Chinese public holidays. Before, V4 cost the same at any hour. DeepSeek's
older models were cheaper from 16:30 to 00:30 UTC until 2025-09-05 16:00.
"""

from __future__ import annotations

from tests.meter.published_case import READ, Page, utc

from codesession.model import Usage

pricing = Page("deepseek", f"https://api-docs.deepseek.com/quick_start/pricing ({READ})")
weekends = Page("deepseek", f"https://github.com/xyzs996/llm-api-pricing/discussions/44 ({READ})")
holidays = Page(
    "deepseek",
    "https://api-docs.deepseek.com/zh-cn/quick_start/pricing, by github.com/J-Chien/dsh-meter and "
    f"github.com/Ricketts-Guo/dsh-off-peak-message, which read it ({READ})",
)
older = Page(
    "deepseek",
    "https://api-docs.deepseek.com/quick_start/pricing as it was, V3 by genai-prices 0.2.3, V3.2 by litellm 1.110.2 "
    f"({READ})",
)
"""V3.1's rates, and the hour at which they began, are as remembered: no stored copy of its announcement was found."""

CALL = Usage(input=1_000, cache_read=1_000, output=100)
PRO_BEFORE = 525_625, "1000 x 0.435 + 1000 x 0.003625 + 100 x 0.87"
PRO_CHEAP = 880_000, "1000 x 0.66 + 1000 x 0.022 + 100 x 1.98"
PRO_DEAR = 1_760_000, "1000 x 1.32 + 1000 x 0.044 + 100 x 3.96"
CHAT_CHEAP = 225_000, "1000 x 0.135 + 1000 x 0.035 + 100 x 0.55"
CHAT_DEAR = 450_000, "1000 x 0.27 + 1000 x 0.07 + 100 x 1.1"

V4 = (
    pricing("Pro in May at a later peak hour", "deepseek-v4-pro", CALL, *PRO_BEFORE, at=utc("2026-05-12T02:00")),
    pricing(
        "Pro, the last moment of one price", "deepseek-v4-pro", CALL, *PRO_BEFORE, at=utc("2026-08-16T15:59:59.999999")
    ),
    pricing("Pro, the first moment of two prices", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-08-16T16:00")),
    pricing("Pro, before the first peak", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-08-17T00:59:59.999999")),
    pricing("Pro, the first peak", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-08-17T01:00")),
    pricing("Pro, the end of the night", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-11-24T00:59:59.999999")),
    pricing("Pro, the first window opens", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-11-24T01:00")),
    pricing(
        "Pro, the first window's last moment", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-11-24T03:59:59.999999")
    ),
    pricing("Pro, the first window has closed", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-11-24T04:00")),
    pricing("Pro, before the second window", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-11-24T05:59:59.999999")),
    pricing("Pro, the second window opens", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-11-24T06:00")),
    pricing(
        "Pro, the second window's last moment", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-11-24T09:59:59.999999")
    ),
    pricing("Pro, the second window has closed", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-11-24T10:00")),
    weekends("Pro, the last Saturday with a peak", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-08-22T02:00")),
    weekends("Pro, the first Sunday without", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-08-23T02:00")),
    weekends("Pro, a Monday", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-08-24T01:00")),
    weekends("Pro, a Friday", "deepseek-v4-pro", CALL, *PRO_DEAR, at=utc("2026-11-27T09:59:59.999999")),
    weekends("Pro, a Saturday", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-11-28T02:00")),
    weekends("Pro, a Sunday", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-11-29T07:00")),
    holidays("Pro, a Monday that is a holiday", "deepseek-v4-pro", CALL, *PRO_CHEAP, at=utc("2026-10-05T02:00")),
    pricing(
        "Flash in June",
        "deepseek-v4-flash",
        CALL,
        170_800,
        "1000 x 0.14 + 1000 x 0.0028 + 100 x 0.28",
        at=utc("2026-06-01T02:00"),
    ),
    pricing(
        "Flash in August",
        "deepseek-v4-flash",
        CALL,
        293_000,
        "1000 x 0.22 + 1000 x 0.007 + 100 x 0.66",
        at=utc("2026-08-18T12:00"),
    ),
    pricing(
        "Flash in August, at a peak",
        "deepseek-v4-flash",
        CALL,
        586_000,
        "1000 x 0.44 + 1000 x 0.014 + 100 x 1.32",
        at=utc("2026-08-18T02:00"),
    ),
    pricing("Flash today", "deepseek-v4-flash", CALL, 213_000, "1000 x 0.15 + 1000 x 0.003 + 100 x 0.6"),
    pricing(
        "Flash today, at a peak, by its new name",
        "deepseek-flash",
        CALL,
        426_000,
        "1000 x 0.3 + 1000 x 0.006 + 100 x 1.2",
        at=utc("2026-11-24T02:00"),
    ),
    weekends(
        "Flash on a Saturday",
        "deepseek-flash",
        CALL,
        213_000,
        "1000 x 0.15 + 1000 x 0.003 + 100 x 0.6",
        at=utc("2026-11-28T02:00"),
    ),
)

V3 = (
    older("chat, the night ends", "deepseek-chat", CALL, *CHAT_CHEAP, at=utc("2025-06-03T00:29:59.999999")),
    older("chat, the day begins", "deepseek-chat", CALL, *CHAT_DEAR, at=utc("2025-06-03T00:30")),
    older("chat, the day ends", "deepseek-chat", CALL, *CHAT_DEAR, at=utc("2025-06-03T16:29:59.999999")),
    older("chat, the night begins", "deepseek-chat", CALL, *CHAT_CHEAP, at=utc("2025-06-03T16:30")),
    older(
        "reasoner by day",
        "deepseek-reasoner",
        CALL,
        909_000,
        "1000 x 0.55 + 1000 x 0.14 + 100 x 2.19",
        at=utc("2025-06-03T12:00"),
    ),
    older("reasoner by night is a quarter", "deepseek-reasoner", CALL, *CHAT_CHEAP, at=utc("2025-06-03T20:00")),
    older("chat, the last moment of V3", "deepseek-chat", CALL, *CHAT_DEAR, at=utc("2025-09-05T15:59:59.999999")),
    older(
        "chat, the first moment of V3.1",
        "deepseek-chat",
        CALL,
        798_000,
        "1000 x 0.56 + 1000 x 0.07 + 100 x 1.68",
        at=utc("2025-09-05T16:00"),
    ),
    older(
        "chat of V3.1 costs the same by night",
        "deepseek-chat",
        CALL,
        798_000,
        "1000 x 0.56 + 1000 x 0.07 + 100 x 1.68",
        at=utc("2025-09-20T20:00"),
    ),
    older(
        "chat of V3.2",
        "deepseek-chat",
        CALL,
        350_000,
        "1000 x 0.28 + 1000 x 0.028 + 100 x 0.42",
        at=utc("2025-09-30T12:00"),
    ),
    older(
        "chat was V4 Flash at last",
        "deepseek-chat",
        CALL,
        170_800,
        "1000 x 0.14 + 1000 x 0.0028 + 100 x 0.28",
        at=utc("2026-05-01T12:00"),
    ),
)

DEEPSEEK = (*V4, *V3)
