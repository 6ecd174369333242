/// What a service's labels ask for, as lines of the configuration.
extension RouteTable.Shape {
    /// How a port with a certificate is bound.
    static let http2 = "alpn h2,http/1.1 ssl-min-ver TLSv1.2"

    /// In its backend.
    /// - Parameter httpsPort: where requests without TLS are sent to.
    func backendLines(httpsPort: Int?) -> [String] {
        var lines: [String] = []
        if options.redirectsToHTTPS, mode == .http, let httpsPort {
            let port = httpsPort == 443 ? "" : ":\(httpsPort)"
            // Only requests by host name have the variable.
            lines.append(
                "http-request redirect code 301 location https://%[var(txn.host)]\(port)%[pathq] if { var(txn.host) -m found } !{ ssl_fc }")
        }
        if options.claimsHTTPS { lines.append("http-request set-header X-Forwarded-Proto https") }
        let refusal = mode == .http ? "http-request deny deny_status" : "tcp-request content reject"
        if let limit = options.rateLimit {
            let (what, fetch) = mode == .http ? ("http_req_rate", "sc_http_req_rate(0)") : ("conn_rate", "sc_conn_rate(0)")
            lines.append("stick-table type ipv6 size 50k expire 10s store \(what)(1s)")
            lines.append("\(mode == .http ? "http-request" : "tcp-request content") track-sc0 src")
            lines.append("\(refusal)\(mode == .http ? " 429" : "") if { \(fetch) gt \(limit) }")
        }
        if let limit = options.maxConnections {
            lines.append("\(refusal)\(mode == .http ? " 503" : "") if { be_conn gt \(limit) }")
        }
        return lines + options.backendHead
    }

    /// In the frontend of each of its ports.
    var frontendLines: [String] {
        var lines: [String] = []
        if mode == .http {
            lines = ["option forwardfor", "http-request set-header X-Forwarded-Port %[dst_port]"]
            lines.append("http-request set-header X-Forwarded-Proto \(options.certificate == nil ? "http" : "https")")
        }
        return lines + options.frontendHead
    }
}
