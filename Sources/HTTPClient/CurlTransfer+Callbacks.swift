import CCurl

extension CurlTransfer {
    /// Takes one header line, status line or the empty line that ends them.
    func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        touch()
        // Trailers, after the body.
        guard !hasHead else { return }
        var line = String(decoding: bytes, as: UTF8.self)
        while line.last?.isNewline == true { line.removeLast() }
        if line.hasPrefix("HTTP/") {
            status = line.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) } ?? 0
            headers = HTTPHeaders()
        } else if line.isEmpty {
            if isFinal { deliverHead() }
        } else if let colon = line.firstIndex(of: ":") {
            headers.add(String(line[..<colon]), Self.trimmed(line[line.index(after: colon)...]))
        }
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        touch()
        // The body of a response that only redirects is of no interest.
        guard isFinal else { return bytes.count }
        deliverHead()
        switch sink.body(bytes) {
        case .taken: return bytes.count
        case .later:
            isPaused = true
            return Int(ccurl_pause_writing())
        case .refused(let error):
            refusal = error
            return 0
        }
    }

    /// Tells the sink about status and headers, once.
    func deliverHead() {
        guard !hasHead, status >= 200 else { return }
        hasHead = true
        sink.head(HTTPResponseHead(status: status, headers: headers))
    }

    /// False for interim responses, and for redirects that are followed.
    private var isFinal: Bool {
        guard status >= 200 else { return false }
        return !(request.followRedirects && [301, 302, 303, 307, 308].contains(status) && headers["Location"] != nil)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}

/// libcurl's write callback; `context` is the transfer, which the engine keeps alive while its handle exists.
func curlBodyReceived(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receiveBody(UnsafeRawBufferPointer(start: data, count: size * count))
}

/// libcurl's header callback, once for each line.
func curlHeaderReceived(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    transfer.receiveHeader(UnsafeRawBufferPointer(start: data, count: size * count))
    return size * count
}
