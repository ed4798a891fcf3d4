"""A web server of fixtures: `web PORT...` serves /tmp/www/PORT and notes every request in /tmp/requests.

A file ``NAME.head`` gives status and headers of NAME; a port written as ``9000s`` speaks TLS with the certificate
/tmp/cert.pem. Everything is there to be asked by one client at a time.
"""

import json
import os
import socket
import sys
import threading


def answer(port, method, path, headers):
    """Return status, headers and content for a request."""
    file = f"/tmp/www/{port}{path.split('?')[0].rstrip('/')}"
    file = file + "/index.html" if os.path.isdir(file) else file
    status, extra = 404, []
    if os.path.exists(file + ".head"):
        first, *extra = open(file + ".head").read().splitlines()
        status = int(first)
    elif os.path.exists(file):
        status = 201 if method in ("PUT", "POST") else 200
    elif method == "PUT":
        status = 201
    content = open(file, "rb").read() if os.path.exists(file) else b"" if method == "PUT" else b"not here\n"
    asked = headers.get("range", "")
    if asked.startswith("bytes=") and status == 200:
        start = int(asked[6:].split("-")[0] or 0)
        if start >= len(content):
            return 416, [f"Content-Range: bytes */{len(content)}"], b""
        extra = [*extra, f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}"]
        return 206, extra, content[start:]
    return status, extra, content


def serve(client, port):
    """Answer one client until it goes away."""
    stream = client.makefile("rwb")
    while True:
        first = stream.readline().decode("latin-1").split()
        if len(first) < 3:
            break
        headers = {}
        while (line := stream.readline().decode("latin-1").strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("expect"):
            stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            stream.flush()
        body = stream.read(int(headers.get("content-length", 0)))
        if headers.get("transfer-encoding") == "chunked":
            while (size := int(stream.readline(), 16)):
                body += stream.read(size)
                stream.readline()
            stream.readline()
        note = {"port": port, "method": first[0], "path": first[1], "headers": headers, "body": body.decode("latin-1")}
        with open("/tmp/requests", "a") as log:
            log.write(json.dumps(note) + "\n")
        status, extra, content = answer(port, first[0], first[1], headers)
        kinds = {"json": "application/json", "html": "text/html", "csv": "text/csv"}
        kind = kinds.get(first[1].rpartition(".")[2], "application/octet-stream")
        head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}", "Accept-Ranges: bytes", *extra]
        if not any(line.lower().startswith("content-type") for line in extra):
            head.append(f"Content-Type: {kind}")
        stream.write("\r\n".join([*head, "", ""]).encode("latin-1") + (b"" if first[0] == "HEAD" else content))
        stream.flush()
    client.close()


def listen(name):
    """Accept clients of one port."""
    port = int(name.rstrip("s"))
    server = socket.create_server(("127.0.0.1", port))
    if name.endswith("s"):
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("/tmp/cert.pem")
    while True:
        client, _ = server.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            client = context.wrap_socket(client, server_side=True) if name.endswith("s") else client
        except OSError:
            continue
        threading.Thread(target=serve, args=(client, port), daemon=True).start()


for last in sys.argv[2:]:
    threading.Thread(target=listen, args=(last,), daemon=True).start()
listen(sys.argv[1])
