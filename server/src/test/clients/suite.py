"""Calls a running server with the real tritonclient: http, grpc and their aio forms.

Usage: suite.py HTTP_ADDRESS GRPC_ADDRESS
The server holds a model id_<datatype> (identity x -> y, shape [-1,4]) for each datatype, and a model add in
versions 1 and 2 (y = x + version). The last line is 'N passed, N failed'.
"""

import asyncio
import struct
import sys
import traceback

import ml_dtypes
import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as grpcaio
import tritonclient.http as httpclient
import tritonclient.http.aio as httpaio
from tritonclient.utils import InferenceServerException

HTTP, GRPC = sys.argv[1], sys.argv[2]
NUMPY = {
    "BOOL": np.array([[True, False, True, False]]),
    "UINT8": np.array([[0, 1, 254, 255]], np.uint8),
    "UINT16": np.array([[0, 1, 65534, 65535]], np.uint16),
    "UINT32": np.array([[0, 1, 2, 2**32 - 1]], np.uint32),
    "UINT64": np.array([[0, 1, 2**63, 2**64 - 1]], np.uint64),
    "INT8": np.array([[-128, -1, 0, 127]], np.int8),
    "INT16": np.array([[-32768, -1, 0, 32767]], np.int16),
    "INT32": np.array([[-(2**31), -1, 0, 2**31 - 1]], np.int32),
    "INT64": np.array([[-(2**63), -1, 0, 2**63 - 1]], np.int64),
    "FP16": np.array([[0.5, -0.0, np.inf, 65504]], np.float16),
    "FP32": np.array([[1.5, -0.0, np.nan, np.inf]], np.float32),
    "FP64": np.array([[1.5, -0.0, np.nan, -np.inf]], np.float64),
    "BYTES": np.array([[b"a", b"", "\u20ac".encode(), b"long" * 100]], dtype=np.object_),
}
JSON_TOO = [t for t in NUMPY if t != "FP16"]

passed = failed = 0


def check(name, call):
    global passed, failed
    try:
        result = call()
        if asyncio.iscoroutine(result):
            asyncio.run(result)
        passed += 1
    except Exception:
        failed += 1
        print("FAILED", name)
        traceback.print_exc()


def same(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    if a.dtype == np.object_:
        assert a.tolist() == b.tolist(), (a, b)
    else:
        assert a.tobytes() == b.tobytes(), (a, b)


def tensor(module, datatype, data, **binary):
    value = module.InferInput("x", list(data.shape), datatype)
    value.set_data_from_numpy(data, **binary)
    return value


async def maybe(value):
    return await value if asyncio.iscoroutine(value) else value


async def tour(module, client, over_http):
    """Everything that all four forms of the client can do."""
    assert await maybe(client.is_server_live())
    assert await maybe(client.is_server_ready())
    assert await maybe(client.is_model_ready("add"))
    assert await maybe(client.is_model_ready("add", "2"))
    assert not await maybe(client.is_model_ready("nobody"))
    assert not await maybe(client.is_model_ready("add", "99"))
    server = await maybe(client.get_server_metadata())
    name = server["name"] if over_http else server.name
    assert name == "penstock", name
    model = await maybe(client.get_model_metadata("add"))
    versions = model["versions"] if over_http else list(model.versions)
    assert versions == ["1", "2"], versions
    for datatype, data in NUMPY.items():
        result = await maybe(
            client.infer("id_" + datatype.lower(), [tensor(module, datatype, data)])
        )
        same(result.as_numpy("y"), data)
    row = np.zeros((1, 4), np.float32)
    for version, expected in (("", 2.0), ("1", 1.0), ("2", 2.0)):
        result = await maybe(
            client.infer("add", [tensor(module, "FP32", row)], model_version=version, request_id="me")
        )
        assert result.as_numpy("y")[0, 0] == expected
        answer = result.get_response()
        assert (answer["id"] if over_http else answer.id) == "me"
    result = await maybe(
        client.infer("add", [tensor(module, "FP32", row)], outputs=[module.InferRequestedOutput("y")])
    )
    assert result.as_numpy("y").shape == (1, 4)
    try:
        await maybe(client.infer("nobody", [tensor(module, "FP32", row)]))
        raise AssertionError("an unknown model answered")
    except InferenceServerException as e:
        assert e.message().startswith("Request for unknown model"), e.message()
    wrong = np.zeros((1, 5), np.float32)
    try:
        await maybe(client.infer("add", [tensor(module, "FP32", wrong)]))
        raise AssertionError("a wrong shape answered")
    except InferenceServerException as e:
        assert "unexpected shape for input 'x'" in e.message(), e.message()


def http_tour():
    with httpclient.InferenceServerClient(HTTP) as client:
        return asyncio.run(tour(httpclient, client, True))


def grpc_tour():
    with grpcclient.InferenceServerClient(GRPC) as client:
        return asyncio.run(tour(grpcclient, client, False))


async def http_aio_tour():
    async with httpaio.InferenceServerClient(HTTP) as client:
        await tour(httpaio, client, True)


async def grpc_aio_tour():
    async with grpcaio.InferenceServerClient(GRPC) as client:
        await tour(grpcaio, client, False)


def json_both_ways(datatype):
    def call():
        with httpclient.InferenceServerClient(HTTP) as client:
            data = NUMPY[datatype]
            if datatype.startswith("FP"):
                data = np.where(np.isnan(data), np.float32(0.25), data).astype(data.dtype)
            result = client.infer(
                "id_" + datatype.lower(),
                [tensor(httpclient, datatype, data, binary_data=False)],
                outputs=[httpclient.InferRequestedOutput("y", binary_data=False)],
            )
            got = result.as_numpy("y")
            if datatype == "BYTES":
                assert [str(x).encode() if isinstance(x, str) else x for x in got.ravel()] == list(data.ravel())
            else:
                same(got, data)

    return call


def compression(algorithm):
    def call():
        with httpclient.InferenceServerClient(HTTP) as client:
            data = np.zeros((4096, 4), np.float32)
            result = client.infer(
                "id_fp32",
                [tensor(httpclient, "FP32", data)],
                request_compression_algorithm=algorithm,
                response_compression_algorithm=algorithm,
            )
            same(result.as_numpy("y"), data)

    return call


def grpc_compression():
    with grpcclient.InferenceServerClient(GRPC) as client:
        data = np.zeros((4096, 4), np.float32)
        result = client.infer("id_fp32", [tensor(grpcclient, "FP32", data)], compression_algorithm="gzip")
        same(result.as_numpy("y"), data)


def bf16():
    with grpcclient.InferenceServerClient(GRPC) as client:
        value = grpcclient.InferInput("x", [1, 4], "BF16")
        value.set_data_from_numpy(np.array([[1.0, -2.0, 0.5, 3.0]], ml_dtypes.bfloat16))
        raw = client.infer("id_bf16", [value]).get_response().raw_output_contents[0]
        # BF16 is the upper half of FP32: 1.0 = 3f80, -2.0 = c000, 0.5 = 3f00, 3.0 = 4040.
        assert raw == struct.pack("<4H", 0x3F80, 0xC000, 0x3F00, 0x4040), raw


def classification_is_refused():
    with httpclient.InferenceServerClient(HTTP) as client:
        try:
            client.infer(
                "add",
                [tensor(httpclient, "FP32", np.zeros((1, 4), np.float32))],
                outputs=[httpclient.InferRequestedOutput("y", class_count=2)],
            )
            raise AssertionError("classification answered")
        except InferenceServerException as e:
            assert "classification" in e.message(), e.message()


check("http", http_tour)
check("grpc", grpc_tour)
check("http aio", http_aio_tour)
check("grpc aio", grpc_aio_tour)
for each in JSON_TOO:
    check("json " + each, json_both_ways(each))
for each in ("gzip", "deflate"):
    check("compression " + each, compression(each))
check("grpc compression", grpc_compression)
check("bf16", bf16)
check("classification", classification_is_refused)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
