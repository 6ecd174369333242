import JSON

extension RouteTable {
    /// What was found out beside Consul: certificates in the operator's directory, and HAProxy's word on free texts.
    struct Known: Hashable {
        /// PEM files that HAProxy takes: digests of their contents by name.
        var certificates: [String: String] = [:]
        /// Those that it does not take, each with the reason.
        var refusedCertificates: [String: String] = [:]
        /// Digests of the contents that were refused: they are not tried again.
        var refusedDigests: [String: String] = [:]
        /// Why HAProxy refuses a head, by the options that hold it; empty where it takes it.
        var heads: [HeadCheck: String] = [:]

        /// Of the facts, without heads: plans are made from it.
        var json: JSON {
            func object(_ texts: [String: String]) -> JSON {
                .object(JSONObject(texts.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }))
            }
            return ["certificates": object(certificates), "refused": object(refusedCertificates)]
        }

        init() {}

        init(json: JSON) {
            for (name, digest) in json["certificates"]?.object ?? [:] { certificates[name] = digest.string }
            for (name, reason) in json["refused"]?.object ?? [:] { refusedCertificates[name] = reason.string }
        }

        struct Refusal: Error { let text: String }

        /// The certificate that a label names: a file's name, or a path of which only the last part counts.
        ///
        /// `/etc/ssl/cert.pem`, which INDIGO's Orchestrator sends for every app, stands for the default one where there is no `cert.pem`.
        func certificate(_ text: String) -> Result<String, Refusal> {
            let name = text.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
            guard CertificateName.isValid(name), !text.split(separator: "/").contains("..") else {
                return .failure(Refusal(text: "is \(LabelText.shown(text)), which is no name of a PEM file"))
            }
            if certificates[name] != nil { return .success(name) }
            if let reason = refusedCertificates[name] { return .failure(Refusal(text: "names \(name), which can't be used: \(reason)")) }
            if text == Self.orchestrators, let name = defaultCertificate { return .success(name) }
            return .failure(Refusal(text: "names \(name), which is not in the certificates' directory (HAPROXY_CERTS_DIR)"))
        }

        /// Shown to clients that name no host, or one that no certificate is for.
        var defaultCertificate: String? { certificates["default.pem"] != nil ? "default.pem" : certificates.keys.min() }

        private static let orchestrators = "/etc/ssl/cert.pem"
    }

    /// What HAProxy has to say about a service's heads: they are tried with all else that its sections hold.
    struct HeadCheck: Hashable {
        let mode: ServiceLabels.Mode
        let options: ServiceOptions
    }
}

/// Names of PEM files.
enum CertificateName {
    /// True for `web.test.pem`: letters, digits, `-`, `_` and `.`, none in front, at most 128 bytes.
    static func isValid(_ name: String) -> Bool {
        name.hasSuffix(".pem") && !name.hasPrefix(".") && name.utf8.count <= 128 && HostName.isPlainPath(name) && !name.contains("/")
    }
}
