import CCurl
import Glibc
import Synchronization

/// One request and its libcurl handle.
///
/// Unchecked: everything but `request`, `sink` and `isCancelled` belongs to the engine's thread.
final class CurlTransfer: @unchecked Sendable {
    let request: HTTPRequest
    let sink: any TransferSink
    let isCancelled = Atomic(false)

    private(set) var easy: UnsafeMutableRawPointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var body: UnsafeMutableRawBufferPointer?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var lastActivity = ContinuousClock.now
    var isPaused = false
    var status = 0
    var headers = HTTPHeaders()
    var hasHead = false
    var refusal: HTTPClientError?

    init(request: HTTPRequest, sink: any TransferSink) {
        self.request = request
        self.sink = sink
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit { errorText.deallocate() }

    func touch() { lastActivity = .now }

    var idleDeadline: ContinuousClock.Instant? {
        guard !isPaused, let limit = request.idleTimeout else { return nil }
        return lastActivity + limit
    }

    func error(_ kind: HTTPClientError.Kind, _ detail: String) -> HTTPClientError {
        HTTPClientError(kind, request: request.summary, detail: detail)
    }

    /// Makes the handle.
    func open() throws(HTTPClientError) -> UnsafeMutableRawPointer {
        guard let easy = curl_easy_init() else { throw error(.other, "libcurl has no memory") }
        self.easy = easy
        touch()
        var codes = Codes()
        setExchange(easy, &codes)
        setMethod(easy, &codes)
        setHeaders(easy, &codes)
        setSecurity(easy, &codes)
        if let failure = codes.failure {
            close()
            throw error(.badRequest, String(cString: curl_easy_strerror(failure)))
        }
        return easy
    }

    /// Frees the handle and what it used.
    func close() {
        if let easy { curl_easy_cleanup(easy) }
        easy = nil
        curl_slist_free_all(headerList)
        headerList = nil
        body?.deallocate()
        body = nil
    }

    /// Collects the first failure of several options.
    private struct Codes {
        private(set) var failure: CURLcode?
        mutating func add(_ code: CURLcode) { if code != CURLE_OK, failure == nil { failure = code } }
    }

    private func setExchange(_ easy: UnsafeMutableRawPointer, _ codes: inout Codes) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        codes.add(ccurl_set_writer(easy, curlBodyReceived, context))
        codes.add(ccurl_set_header_reader(easy, curlHeaderReceived, context))
        codes.add(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        codes.add(ccurl_set_close_on_exec(easy))
        codes.add(ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        codes.add(ccurl_set_string(easy, CURLOPT_URL, request.url))
        codes.add(ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        codes.add(ccurl_set_string(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https"))
        codes.add(ccurl_set_long(easy, CURLOPT_PATH_AS_IS, 1))
        codes.add(ccurl_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1))
        if !request.usesProxyFromEnvironment { codes.add(ccurl_set_string(easy, CURLOPT_PROXY, "")) }
        if let path = request.unixSocket { codes.add(ccurl_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, path)) }
        codes.add(ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout)))
        if let timeout = request.timeout { codes.add(ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, Self.milliseconds(timeout))) }
        // The kernel finds a peer that vanished without a word, without a wake-up of ours.
        codes.add(ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1))
        codes.add(ccurl_set_long(easy, CURLOPT_TCP_KEEPIDLE, 15))
        codes.add(ccurl_set_long(easy, CURLOPT_TCP_KEEPINTVL, 5))
        if request.followRedirects {
            codes.add(ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 1))
            codes.add(ccurl_set_long(easy, CURLOPT_MAXREDIRS, 10))
            codes.add(ccurl_set_long(easy, CURLOPT_UNRESTRICTED_AUTH, request.sendsCredentialsToRedirects ? 1 : 0))
        }
    }

    private func setMethod(_ easy: UnsafeMutableRawPointer, _ codes: inout Codes) {
        if let bytes = request.body {
            // libcurl reads this memory until the transfer ends.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
            copy.copyBytes(from: bytes)
            body = copy
            codes.add(ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count)))
            codes.add(ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, copy.baseAddress))
        }
        switch (request.method, request.body == nil) {
        case ("GET", true): codes.add(ccurl_set_long(easy, CURLOPT_HTTPGET, 1))
        case ("HEAD", true): codes.add(ccurl_set_long(easy, CURLOPT_NOBODY, 1))
        case ("POST", false): break
        case ("POST", true), ("PUT", true):
            // An empty body needs its Content-Length: 0; many servers answer 411 else.
            codes.add(ccurl_set_string(easy, CURLOPT_POSTFIELDS, ""))
            codes.add(ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, 0))
            if request.method != "POST" { codes.add(ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)) }
        default: codes.add(ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method))
        }
    }

    private func setHeaders(_ easy: UnsafeMutableRawPointer, _ codes: inout Codes) {
        var lines: [String] = []
        for field in request.headers.fields {
            guard Self.isSafe(field.name), Self.isSafe(field.value), !field.name.isEmpty else {
                return codes.add(CURLE_BAD_FUNCTION_ARGUMENT)
            }
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        // What libcurl would add by itself: a form's content type, and a wait of 1 s for an interim response.
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        if request.headers["Expect"] == nil { lines.append("Expect:") }
        for line in lines {
            guard let longer = curl_slist_append(headerList, line) else { return codes.add(CURLE_OUT_OF_MEMORY) }
            headerList = longer
        }
        codes.add(ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList))
    }

    private func setSecurity(_ easy: UnsafeMutableRawPointer, _ codes: inout Codes) {
        if let basic = request.basicAuth {
            codes.add(ccurl_set_long(easy, CURLOPT_HTTPAUTH, ccurl_auth_basic()))
            codes.add(ccurl_set_string(easy, CURLOPT_USERNAME, basic.user))
            codes.add(ccurl_set_string(easy, CURLOPT_PASSWORD, basic.password))
        }
        let tls = request.tls
        if !tls.verifiesPeer {
            codes.add(ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0))
            codes.add(ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0))
        }
        if let file = tls.caFile {
            codes.add(ccurl_set_string(easy, CURLOPT_CAINFO, file))
            codes.add(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
        }
        if let file = tls.certificateFile { codes.add(ccurl_set_string(easy, CURLOPT_SSLCERT, file)) }
        if let file = tls.keyFile { codes.add(ccurl_set_string(easy, CURLOPT_SSLKEY, file)) }
    }

    private static func isSafe(_ text: String) -> Bool { !text.utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 } }

    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        // 0 would mean libcurl's default.
        return max(1, Int(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000))
    }
}

extension CurlTransfer {
    /// The outcome of an exchange that libcurl says is over: nil where it has gone well.
    func conclude(_ code: CURLcode) -> HTTPClientError? {
        if let refusal { return refusal }
        guard code != CURLE_OK else {
            deliverHead()
            return nil
        }
        let text = String(cString: errorText)
        return error(kind(of: code), text.isEmpty ? String(cString: curl_easy_strerror(code)) : text)
    }

    private func kind(of code: CURLcode) -> HTTPClientError.Kind {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT: return .badRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .unresolved
        case CURLE_COULDNT_CONNECT:
            let number = easy.map { ccurl_get_long($0, CURLINFO_OS_ERRNO) } ?? 0
            return number == Int(ECONNREFUSED) || number == Int(ENOENT) ? .refused : .unreachable
        case CURLE_OPERATION_TIMEDOUT: return .timeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_NOTFOUND:
            return .tls
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE: return .disconnected
        case CURLE_TOO_MANY_REDIRECTS, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: return .badResponse
        default: return .other
        }
    }
}
