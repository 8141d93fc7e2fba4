"""What does a person say to a call that waits?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from codesession.model import QuestionState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codesession.ledger import WriteQueue
    from codesession.model import Question

ASK_EVERY_S = 0.25
"""How often it is looked whether somebody has answered, in seconds."""


async def answer(
    queue: WriteQueue, question: Question, now_ms: Callable[[], int], pause: Callable[[float], Awaitable[None]]
) -> QuestionState:
    """A person's answer; `QuestionState.EXPIRED` when none comes in time, or nobody waits for it any more.

    `pause` waits so many seconds.

    Raises:
        DatabaseError: the ledger cannot be asked.
    """
    try:
        while True:
            now = await queue.write(lambda tx: tx.question(question.id))
            if now is None or now.state is not QuestionState.WAITING:
                return now.state if now else QuestionState.EXPIRED
            if now_ms() >= question.until_ms:
                break
            await pause(ASK_EVERY_S)
    except asyncio.CancelledError:
        await queue.write(lambda tx: tx.answer(question.id, QuestionState.EXPIRED))
        raise
    if await queue.write(lambda tx: tx.answer(question.id, QuestionState.EXPIRED)):
        return QuestionState.EXPIRED
    return await answer(queue, question, now_ms, pause)  # it came in the last moment
