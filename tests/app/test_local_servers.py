"""Is every model server understood, whatever else answers, and is nothing asked that must not be?"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.model_server import OLLAMA, ModelServer

from codesession.app.local_servers import Place, find_servers, places
from codesession.errors import InvalidInput
from codesession.model.local import Detected, ServedModel
from codesession.model.local import ModelServer as Found

if TYPE_CHECKING:
    from collections.abc import Mapping


def ask(answers: Mapping[str, Any], usual: str | None = None, wait_s: float = 20) -> tuple[Detected, ModelServer]:
    with ModelServer(answers) as server:
        return find_servers([Place(server.address, usual)], wait_s), server


def openai(owner: str | None, **more: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": owner, **more}]}


# --- what they are ---


def test_ollama_tells_sizes_what_is_in_memory_and_what_runs_elsewhere() -> None:
    found, server = ask(OLLAMA, "vllm")
    assert found.servers == (
        Found(
            "ollama",
            server.address,
            (
                ServedModel("llama3.2:latest", 2_019_393_189, "3.2B", "Q4_K_M", is_loaded=False),
                ServedModel("qwen3:8b", 5_225_388_164, is_loaded=True),
                ServedModel("big:cloud", runs_at="ollama.com"),
            ),
            "0.13.0",
        ),
    )
    assert (found.asked, found.problems) == ((server.address,), ())


LISTED = {"id": "qwen2-vl-7b", "type": "vlm", "quantization": "4bit", "state": "not-loaded"}
LLAMACPP = openai("llamacpp", meta={"n_params": 8_030_261_312, "size": 4_912_898_304})
SERVERS: dict[str, tuple[dict[str, Any], str | None, tuple[str, ServedModel, str | None]]] = {
    "lm-studio": (
        {"/v1/models": openai("organization_owner"), "/api/v0/models": {"data": [LISTED, {**LISTED, "id": " "}]}},
        None,
        ("lmstudio", ServedModel("qwen2-vl-7b", quantization="4bit", is_loaded=False), None),
    ),
    "an-old-lm-studio": (
        {"/v1/models": openai("organization_owner"), "/api/v0/models": {"error": "Unexpected endpoint"}},
        None,
        ("lmstudio", ServedModel("m"), None),
    ),
    "llama.cpp": (
        {"/v1/models": LLAMACPP, "/api/tags": LLAMACPP, "/props": {"build_info": "b6123", "total_slots": 1}},
        "vllm",
        ("llamacpp", ServedModel("m", 4_912_898_304, "8.0B"), "b6123"),
    ),
    "vllm": (
        {"/v1/models": openai("vllm", max_model_len=4096), "/version": {"version": "0.11.0"}},
        "llamacpp",
        ("vllm", ServedModel("m"), "0.11.0"),
    ),
    "sglang": ({"/v1/models": openai("sglang")}, "vllm", ("sglang", ServedModel("m"), None)),
    "one-that-says-nothing-where-vllm-is-usual": (
        {"/v1/models": openai(None)},
        "vllm",
        ("vllm", ServedModel("m"), None),
    ),
    "one-that-says-nothing-anywhere": (
        {"/v1/models": openai("me")},
        None,
        ("openai-compatible", ServedModel("m"), None),
    ),
}


@pytest.mark.parametrize("case", SERVERS)
def test_what_a_server_is_its_answers_say(case: str) -> None:
    answers, usual, (provider, model, version) = SERVERS[case]
    found, server = ask(answers, usual)
    assert found.servers == (Found(provider, server.address, (model,), version),)
    assert found.problems == ()


def test_nonsense_in_a_list_is_left_out_and_so_is_what_is_there_twice() -> None:
    nonsense = [7, None, {}, {"id": 7}, {"id": ""}, {"id": "x" * 201}, {"id": "a", "meta": 7}, {"id": "a"}]
    odd = [{"id": "b", "meta": {"size": True, "n_params": -1}}, {"id": "c", "meta": {"n_params": 137_000_000}}]
    rows = [*nonsense, *odd]
    (server,) = ask({"/v1/models": {"data": rows}}, "vllm")[0].servers
    assert server.models == (ServedModel("a"), ServedModel("b"), ServedModel("c", parameters="137M"))


def test_no_more_models_are_kept_than_a_person_can_look_at() -> None:
    (server,) = ask({"/v1/models": {"data": [{"id": str(number)} for number in range(1100)]}}, "vllm")[0].servers
    assert len(server.models) == 1000


def test_a_server_without_models_is_one() -> None:
    answers: tuple[Any, ...] = ({"models": []}, {"models": None}, {"models": [{"name": " "}, 7]}, 500)
    for tags in answers:
        found, _ = ask({"/api/version": {"version": "0.13.0"}, "/api/tags": tags})
        assert found.servers[0].models == ()


# --- what is none ---


def test_where_nobody_listens_there_is_nothing_to_say() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    assert find_servers([Place(address, "ollama")]) == Detected((), (address,))


NO_SERVERS: dict[str, tuple[dict[str, Any], str]] = {
    "another-program": ({"/v1/models": b"<html>"}, "does not answer as a model server does."),
    "a-document-of-another-kind": ({"/v1/models": [1]}, "does not answer as a model server does."),
    "an-abyss": ({"/v1/models": b"[" * 100_000}, "does not answer as a model server does."),
    "one-that-wants-a-key": ({"/v1/models": 401}, "wants a key, which we do not send (401)."),
    "one-that-forbids": ({"/api/version": 403}, "wants a key, which we do not send (403)."),
    "one-that-never-ends": ({"/v1/models": b" " * 8_000_001}, "answered more than 8 MB, which is not read."),
    "one-that-sends-us-elsewhere": (
        {"/api/version": 302, "/v1/models": 301, "/elsewhere": openai("vllm")},
        "does not answer as a model server does.",
    ),
}


@pytest.mark.parametrize("case", NO_SERVERS)
def test_what_is_no_model_server_is_said_to_be_none(case: str) -> None:
    answers, why = NO_SERVERS[case]
    found, server = ask(answers, "vllm")
    assert found == Detected((), (server.address,), (f"{server.address} {why}",))
    assert "/elsewhere" not in server.asked


def test_one_that_does_not_speak_http_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

        greeting = threading.Thread(target=greet)
        greeting.start()
        found = find_servers([Place(address, "vllm")])
        greeting.join()
    assert found.problems == (f"{address} does not answer as a model server does.",)


def test_one_that_does_not_answer_in_time_does_not_keep_the_others_waiting() -> None:
    silent = threading.Event()
    with ModelServer({"/api/version": silent}) as slow, ModelServer({"/v1/models": openai("vllm")}) as quick:
        found = find_servers([Place(slow.address, "ollama"), Place(quick.address, "vllm")], 0.5)
        silent.set()
    assert [server.address for server in found.servers] == [quick.address]
    assert found.problems == (f"{slow.address} did not answer within 0.5 seconds.",)


def test_no_key_is_sent_and_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OLLAMA_API_KEY", "LM_API_TOKEN"):
        monkeypatch.setenv(name, "secret")
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found, server = ask({"/v1/models": openai("vllm")})
    assert len(found.servers) == 1
    assert "secret" not in str(server.headers)
    assert {"authorization", "x-api-key", "cookie"}.isdisjoint(server.headers[0])


# --- where ---

USUAL = [
    Place("127.0.0.1:11434", "ollama"),
    Place("127.0.0.1:1234", "lmstudio"),
    Place("127.0.0.1:8080", "llamacpp"),
    Place("127.0.0.1:8000", "vllm"),
]


def test_the_usual_places_are_on_this_machine() -> None:
    assert places({}) == (USUAL, [])


OLLAMA_HOSTS: dict[str, str] = {
    "": "127.0.0.1:11434",
    " '' ": "127.0.0.1:11434",
    "127.0.0.1": "127.0.0.1:11434",
    "localhost:1": "localhost:1",
    ":11500": "127.0.0.1:11500",
    "0.0.0.0": "127.0.0.1:11434",
    "0.0.0.0:9999": "127.0.0.1:9999",
    "[::]:9999": "127.0.0.1:9999",
    "[::1]:9999": "[::1]:9999",
    "http://127.0.0.2:11500/": "127.0.0.2:11500",
    "http://localhost": "localhost:80",
    '"127.0.0.1:11500"': "127.0.0.1:11500",
    "http://127.0.0.1:3739/ollama": "127.0.0.1:11434",
    "https://localhost": "127.0.0.1:11434",
}


@pytest.mark.parametrize("said", OLLAMA_HOSTS)
def test_ollama_is_asked_where_its_own_variable_says_on_this_machine(said: str) -> None:
    assert places({"OLLAMA_HOST": said}) == ([Place(OLLAMA_HOSTS[said], "ollama"), *USUAL[1:]], [])


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("192.168.1.5", "192.168.1.5:11434"),
        ("[fe80::1]:5", "[fe80::1]:5"),
        ("http://127.0.0.1.example.org", "127.0.0.1.example.org:80"),
        ("user:secret@gpu.example.org:7", "gpu.example.org:7"),
    ],
)
def test_another_machine_is_not_asked_and_that_is_said(said: str, host: str) -> None:
    asked, (doubt,) = places({"OLLAMA_HOST": said})
    assert asked == USUAL
    assert doubt.endswith(f"was not asked. To ask it: cs local-models detect --host {host}")


def test_what_only_tls_could_ask_is_not_advised() -> None:
    asked, (doubt,) = places({"OLLAMA_HOST": "https://gpu.example.org"})
    assert (asked, doubt) == (USUAL, "OLLAMA_HOST names gpu.example.org, which is not this machine, and was not asked.")


def test_a_variable_that_is_no_address_is_said() -> None:
    assert places({"OLLAMA_HOST": "http://[::1"}) == (USUAL, ["OLLAMA_HOST is no address: 'http://[::1'."])


def test_a_host_that_is_named_is_asked_instead_of_this_machine() -> None:
    elsewhere = {"OLLAMA_HOST": "10.0.0.1"}
    assert places(elsewhere, "192.168.1.5") == (
        [Place(f"192.168.1.5:{place.address.rpartition(':')[2]}", place.usual) for place in USUAL],
        [],
    )
    assert places(elsewhere, " http://gpu:8000/ ") == ([Place("gpu:8000", "vllm")], [])
    assert places(elsewhere, "[::1]:5") == ([Place("[::1]:5", None)], [])


@pytest.mark.parametrize(
    "host", ["", " ", "http://", "https://gpu", "ftp://gpu", "gpu:0", "gpu:99999", "gpu:x", "[::1", "a b", "u@gpu",
             "gpu/v1", "gpu?x", "gpu#x", "gpü", "-\n", "gpu-", "http://http://gpu"]
)  # fmt: skip
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="is no host"):
        places({}, host)
