"""A server whose answers a test can foresee. Prints its port, then serves until its standard input ends."""
import base64, os, socketserver, ssl, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

state = {"closed": 0, "sent": 0, "connections": 0}
changed = threading.Condition()
gate = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with changed:
            state["connections"] += 1

    def address_string(self):
        return "test"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def handle_any(self):
        path, _, argument = self.path.partition("?")
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length or 0))
        if path == "/echo":
            lines = [f"{self.command} {self.path} length={length}"] + [f"{k}: {v}" for k, v in self.headers.items()]
            self.reply(200, "\n".join(lines).encode() + b"\n\n" + body, [("X-Case", "kept"), ("Set-Cookie", "a"), ("set-cookie", "b")])
        elif path == "/redirect":
            self.reply(int(argument), b"moved", [("Location", "/echo")])
        elif path == "/loop":
            self.reply(302, b"", [("Location", "/loop")])
        elif path == "/auth":
            want = "Basic " + base64.b64encode(b"user:p\xc3\xa4ss:word").decode()
            self.reply(200 if self.headers.get("Authorization") == want else 401, b"")
        elif path == "/big":
            self.reply(200, b"x" * int(argument))
        elif path == "/count":
            self.reply(200, str(len(body)).encode())
        elif path == "/barrier":  # answers once so many requests are here at the same time
            with changed:
                state["here"] = state.get("here", 0) + 1
                changed.notify_all()
                changed.wait_for(lambda: state["here"] >= int(argument))
            self.reply(200, argument.encode())
        elif path == "/hang":  # answers never; notes when the client has gone
            self.connection.recv(1)
            with changed:
                state["closed"] += 1
                changed.notify_all()
            self.close_connection = True
        elif path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"short")
            self.close_connection = True
        elif path == "/events":  # headers at once, then an event for each call of /fire, then silence until the client goes
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            gate.wait()
            self.chunk(b"data: fired\r\n\r\n")
            self.connection.recv(1)
            with changed:
                state["closed"] += 1
                changed.notify_all()
            self.close_connection = True
        elif path == "/fire":
            gate.set()
            self.reply(204)
        elif path == "/flood":  # as much as the client takes
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            block = b"y" * 65536
            total = int(argument)
            while total > 0:
                self.chunk(block)
                total -= len(block)
                with changed:
                    state["sent"] += len(block)
            self.wfile.write(b"0\r\n\r\n")
        elif path == "/state":
            with changed:
                self.reply(200, str(state[argument]).encode())
        elif path == "/wait-closed":
            with changed:
                changed.wait_for(lambda: state["closed"] >= int(argument), 20)
                self.reply(200, str(state["closed"]).encode())
        else:
            self.reply(404, b"no such path")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if sys.argv[1] == "unix":
    server = UnixServer(sys.argv[2], Handler)
else:
    ThreadingHTTPServer.request_queue_size = 256
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if sys.argv[1] == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address if sys.argv[1] == "unix" else server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
