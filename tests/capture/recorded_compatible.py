"""What the answers in ``tests/data`` say of the providers that speak like OpenAI, and of servers of one's own.

Each is a file, the path it answers, its usage, its model, and its id.
"""

from __future__ import annotations

from codesession.model import Usage

_CHAT = "/v1/chat/completions"

_MISTRAL = ("mistral-medium-2508", "cmpl-e5cc70bb28c444948073e77776eb30ef")
_DEEPSEEK = "930c60df-bf64-41c9-a88e-3ec75f81e00e"
_XAI = ("grok-4", "a3d1008e-4544-40d4-d075-11527e794e4a")
_XAI_CHAT = Usage(input=3720, cache_read=6144, input_image=256, output=1499, reasoning=2809)
_GROQ = ("/openai/v1/chat/completions", Usage(input=114, cache_read=1024, output=17, reasoning=44))
_GROQ_ID = ("openai/gpt-oss-20b", "chatcmpl-f51b2cd2-bef7-417e-964e-a08f0b513c22")
_OPENROUTER = ("google/gemini-2.5-flash", "gen-1764288000-abcdef")
_OPENROUTER_CHAT = Usage(input=54, cache_read=1000, cache_write=100, input_video=40, output=28, reasoning=64)
_OPENROUTER_MESSAGE = (Usage(input=12, cache_read=100, output=8), "anthropic/claude-sonnet-4.5", "gen-1764288000-msg")
_TOGETHER = (Usage(input=10, cache_read=32, output=3), "meta-llama/Llama-3.3-70B-Instruct-Turbo")
_FIREWORKS = ("accounts/fireworks/models/deepseek-v3p1", "8d4b1a2c-0f6e-4b57-9a35-5b6c1f0e2d3a")
_PERPLEXITY = "cb3c1c2f-6c2c-4a0e-8f2d-1f4f5c8a9b10"
_COHERE = "c14c80c3-18eb-4519-9460-6c92edd8cfb4"
_LM_NATIVE = (Usage(input=359, output=194, reasoning=24), "openai/gpt-oss-20b", "resp_02b2017dbc06c12bfc353a2ed6c2b802")
_LM_CHAT = (Usage(input=24, output=53), "granite-3.0-2b-instruct", "chatcmpl-i3gkjwthhw96whukek9tz")
_LLAMA = (Usage(input=1, cache_read=236, output=35), "qwen3-8b")
_VLLM = ("Qwen/Qwen3-8B", "chatcmpl-7b1c5e0d2f3a4b6c")

Row = tuple[str, str, Usage | None, str | None, str | None]

COMPATIBLE: tuple[Row, ...] = (
    ("mistral/chat.json", _CHAT, Usage(input=64, cache_read=1152, output=12), *_MISTRAL),
    ("mistral/chat.sse", _CHAT, Usage(input=9, output=35), "magistral-medium-2509", _MISTRAL[1]),
    ("mistral/sound.json", _CHAT, Usage(input=395, output=6), "voxtral-small-2507", "cmpl-7af0a1d5a0e1402b"),
    (
        "mistral/embeddings.json",
        "/v1/embeddings",
        Usage(input=15),
        "mistral-embed",
        "cf79f7daaee244b1a0ae5c7b1444424a",
    ),
    ("mistral/ocr.json", "/v1/ocr", Usage(), "mistral-ocr-2505-completion", None),
    (
        "mistral/transcription.json",
        "/v1/audio/transcriptions",
        Usage(),
        "voxtral-mini-2507",
        None,
    ),
    ("mistral/transcription.sse", "/v1/audio/transcriptions", Usage(), "voxtral-mini-2507", None),
    (
        "mistral/conversation.json",
        "/v1/conversations",
        Usage(input=7300, output=55, web_searches=1),
        "mistral-medium-2505",
        None,
    ),
    (
        "mistral/conversation.sse",
        "/v1/conversations/conv_067f7bce0",
        Usage(input=7300, output=55, web_searches=1),
        "mistral-medium-2505",
        None,
    ),
    (
        "deepseek/chat.json",
        "/chat/completions",
        Usage(input=16, cache_read=1024, output=20, reasoning=120),
        "deepseek-chat",
        _DEEPSEEK,
    ),
    (
        "deepseek/chat.sse",
        _CHAT,
        Usage(input=16, cache_read=1024, output=20, reasoning=120),
        "deepseek-reasoner",
        _DEEPSEEK,
    ),
    ("deepseek/fim.json", "/beta/completions", Usage(input=12, output=5), "deepseek-chat", _DEEPSEEK),
    ("xai/chat.json", _CHAT, _XAI_CHAT, *_XAI),
    ("xai/chat_usage.sse", _CHAT, _XAI_CHAT, *_XAI),
    (
        "xai/responses.json",
        "/v1/responses",
        Usage(input=1078, cache_read=192, output=30, reasoning=300, web_searches=2),
        "grok-4.3",
        "resp_ad5663da-63e6-86c6-e0be-ff15effa8357",
    ),
    ("xai/images.json", "/v1/images/generations", Usage(), None, None),
    ("groq/chat.json", *_GROQ, *_GROQ_ID),
    ("groq/chat.sse", *_GROQ, *_GROQ_ID),
    ("groq/chat_usage.sse", *_GROQ, *_GROQ_ID),
    ("openrouter/chat.json", _CHAT, _OPENROUTER_CHAT, *_OPENROUTER),
    ("openrouter/chat_usage.sse", _CHAT, _OPENROUTER_CHAT, *_OPENROUTER),
    ("openrouter/own_key.json", _CHAT, Usage(input=194, output=2), "anthropic/claude-sonnet-4.5", _OPENROUTER[1]),
    (
        "openrouter/responses.sse",
        "/v1/responses",
        Usage(input=36, output=23, reasoning=64),
        "openai/o4-mini",
        "gen-1764288000-resp",
    ),
    ("openrouter/message.json", "/v1/messages", *_OPENROUTER_MESSAGE),
    ("openrouter/message.sse", "/v1/messages", *_OPENROUTER_MESSAGE),
    (
        "openrouter/rerank.json",
        "/v1/rerank",
        Usage(input=150, rerank_searches=1),
        "cohere/rerank-v3.5",
        "gen-rerank-1",
    ),
    ("openrouter/embeddings.json", "/v1/embeddings", Usage(input=8), "openai/text-embedding-3-small", "gen-emb-1"),
    ("together/chat.json", _CHAT, *_TOGETHER, "oFRZgX4-6raxcd-9a1b2c3d4e5f"),
    ("together/chat.sse", _CHAT, *_TOGETHER, "oFRZgX4-6raxcd-9a1b2c3d4e5f"),
    (
        "together/rerank.json",
        "/v1/rerank",
        Usage(input=1837),
        "mixedbread-ai/Mxbai-Rerank-Large-V2",
        "oGs6Zt9-62bZhn-99529372487b1b0a",
    ),
    ("fireworks/chat.json", _CHAT, Usage(input=18, cache_read=1024, output=3), *_FIREWORKS),
    ("fireworks/chat.sse", _CHAT, Usage(input=18, cache_read=1024, output=3), *_FIREWORKS),
    ("fireworks/completion.json", "/v1/completions", Usage(input=5, output=3), *_FIREWORKS),
    (
        "perplexity/chat.json",
        "/chat/completions",
        Usage(input=20049, output=7163, reasoning=73997, web_searches=18),
        "sonar-deep-research",
        _PERPLEXITY,
    ),
    ("perplexity/chat.sse", "/chat/completions", Usage(input=12, output=5), "sonar-pro", _PERPLEXITY),
    ("perplexity/concise.sse", "/chat/completions", Usage(input=12, output=5), "sonar-pro", _PERPLEXITY),
    (
        "perplexity/responses.json",
        "/v1/responses",
        Usage(input=2529, cache_read=1152, output=780, web_searches=2),
        "openai/gpt-5.2",
        "resp_1234567890",
    ),
    ("cohere/chat.json", "/v2/chat", Usage(input=5, output=418), None, _COHERE),
    ("cohere/chat.sse", "/v2/chat", Usage(input=5, output=418), None, _COHERE),
    ("cohere/chat_v1.json", "/v1/chat", Usage(input=7, output=12), None, _COHERE),
    ("cohere/chat_v1.lines", "/v1/chat", Usage(input=7, output=12), None, _COHERE),
    (
        "cohere/embed.json",
        "/v2/embed",
        Usage(input=4, input_image=768),
        None,
        "da6e531f-54c5-4a73-bf92-f60566d8d753",
    ),
    ("cohere/rerank.json", "/v2/rerank", Usage(rerank_searches=2), None, "07734bd2-2473-4f07-94e1-0d9f0e6843cf"),
    ("ollama/chat.json", "/api/chat", Usage(input=26, output=282), "llama3.2", None),
    ("ollama/chat.ndjson", "/api/chat", Usage(input=26, output=282), "llama3.2", None),
    ("ollama/generate.ndjson", "/api/generate", Usage(input=26, output=282), "llama3.2", None),
    ("ollama/cached.ndjson", "/api/chat", None, "llama3.2", None),
    ("ollama/error.ndjson", "/api/chat", None, "llama3.2", None),
    ("ollama/load.json", "/api/generate", Usage(), "llama3.2", None),
    ("ollama/embed.json", "/api/embed", Usage(input=8), "all-minilm", None),
    ("ollama/embeddings.json", "/api/embeddings", None, None, None),
    ("ollama/chat_usage.sse", _CHAT, Usage(input=26, output=9), "llama3.2", "chatcmpl-540"),
    ("lmstudio/chat.json", "/api/v0/chat/completions", *_LM_CHAT),
    ("lmstudio/chat_usage.sse", _CHAT, *_LM_CHAT),
    ("lmstudio/native.json", "/api/v1/chat", *_LM_NATIVE),
    ("lmstudio/native.sse", "/api/v1/chat", *_LM_NATIVE),
    ("llamacpp/chat.json", _CHAT, *_LLAMA, "chatcmpl-pZ3nQ0vP1wK8"),
    ("llamacpp/chat.sse", _CHAT, *_LLAMA, "chatcmpl-pZ3nQ0vP1wK8"),
    ("llamacpp/chat_usage.sse", _CHAT, *_LLAMA, "chatcmpl-pZ3nQ0vP1wK8"),
    ("llamacpp/completion.json", "/completion", *_LLAMA, None),
    ("llamacpp/completion.sse", "/completion", *_LLAMA, None),
    ("llamacpp/completions.json", "/completions", Usage(input=20, output=6), "qwen3-8b", None),
    ("llamacpp/completions.sse", "/completions", Usage(input=20, output=6), "qwen3-8b", None),
    ("vllm/chat.json", _CHAT, Usage(input=4, cache_read=16, output=9), *_VLLM),
    ("vllm/chat_usage.sse", _CHAT, Usage(input=20, output=9), *_VLLM),
    (
        "vllm/rerank.json",
        "/rerank",
        Usage(input=56),
        "BAAI/bge-reranker-base",
        "rerank-fae51b2b664d4ed38f5969b612edff77",
    ),
    ("vllm/score.json", "/score", Usage(input=17), "BAAI/bge-reranker-v2-m3", "score-request-id"),
    ("jina/rerank.json", "/v1/rerank", Usage(input=815), "jina-reranker-v2-base-multilingual", None),
    ("voyage/rerank.json", "/v1/rerank", Usage(input=26), "rerank-2.5", None),
    ("voyage/embeddings.json", "/v1/embeddings", Usage(input=10), "voyage-3.5", None),
)
