import ClusterCore
public import Settings

/// The settings that the wraps of Marathon and Chronos have in common: where it listens, who it is to the masters, where its program is.
public struct FrameworkSettings: Sendable {
    /// What others reach it by.
    public let hostname: OptionalSetting<String>
    /// Address to listen on.
    public let httpAddress: OptionalSetting<String>
    /// Port of the REST API.
    public let httpPort: Setting<Int>
    /// `user:password` of the REST API.
    public let httpCredentials: OptionalSetting<String>
    /// Port of the REST API over TLS.
    public let httpsPort: OptionalSetting<Int>
    /// Java keystore of that port.
    public let keystorePath: OptionalSetting<String>
    /// The keystore's password.
    public let keystorePassword: OptionalSetting<String>
    /// Address that Mesos' library binds.
    public let libprocessIP: OptionalSetting<String>
    /// Who it authenticates to the masters as.
    public let principal: OptionalSetting<String>
    /// The principal's secret.
    public let secret: OptionalSetting<String>
    /// User that the checks ask the masters as.
    public let mesosUser: Setting<String>
    /// That user's password.
    public let mesosPassword: OptionalSetting<String>
    /// Upstream's start script.
    public let binary: OptionalSetting<String>
    /// Directory of the secret files.
    public let runDirectory: Setting<String>
    /// Java of upstream's program.
    public let javaHome: OptionalSetting<String>
    /// Path of libmesos.so.
    public let mesosLibrary: OptionalSetting<String>
    /// `Marathon`, for texts.
    let product: String
    /// `MARATHON`, for texts.
    let prefix: String
    /// The principal where only a secret is given; nil: the framework's name.
    let standardPrincipal: String?

    /// - Parameters:
    ///   - product: `Marathon`.
    ///   - port: of the REST API.
    ///   - keystorePasswordRole: the role variable of the keystore's password.
    ///   - standardPrincipal: who it is where only a secret is given; nil: what the framework is called.
    public init(product: String, port: Int, keystorePasswordRole: String, standardPrincipal: String?) {
        let (name, variable) = (product.lowercased(), product.uppercased())
        self.product = product
        prefix = variable
        self.standardPrincipal = standardPrincipal
        hostname = OptionalSetting(
            "\(name)_hostname", "\(variable)_HOSTNAME", role: "\(name)_hostname",
            help: "name or address that the other \(product == "Marathon" ? "Marathons" : product) and the clients reach this one by; "
                + "node_address where it is not given", isAllowed: { !$0.isEmpty && !$0.contains("/") })
        httpAddress = OptionalSetting(
            "\(name)_http_address", "\(variable)_HTTP_ADDRESS", help: "address to listen on; node_address where it is not given",
            isAllowed: IPAddress.isValid)
        httpPort = Setting(
            "\(name)_http_port", "\(variable)_HTTP_PORT", default: port, in: 1...65535, role: "\(name)_http_port",
            help: "port of the REST API")
        httpCredentials = OptionalSetting(
            "\(name)_http_credentials", "\(variable)_HTTP_CREDENTIALS", secret: true, bounds: "user:password",
            help: "user and password that the REST API asks for; without it everyone who reaches the port may run anything",
            isAllowed: { $0.contains(":") && !$0.hasPrefix(":") && !$0.hasSuffix(":") })
        httpsPort = OptionalSetting(
            "\(name)_https_port", "\(variable)_HTTPS_PORT", role: "\(name)_https_port", bounds: "1–65535",
            help: "port of the REST API over TLS; needs a keystore, upstream's \(product) only", isAllowed: { (1...65535).contains($0) })
        keystorePath = OptionalSetting(
            "\(name)_ssl_keystore_path", "\(variable)_SSL_KEYSTORE_PATH", role: "\(name)_keystore_path", bounds: "an absolute path",
            help: "Java keystore with the certificate of the HTTPS port", isAllowed: { $0.hasPrefix("/") })
        keystorePassword = OptionalSetting(
            "\(name)_ssl_keystore_password", "\(variable)_SSL_KEYSTORE_PASSWORD", role: keystorePasswordRole, secret: true,
            help: "the keystore's password", isAllowed: { !$0.isEmpty })
        libprocessIP = OptionalSetting(
            "libprocess_ip", "LIBPROCESS_IP", role: "\(name)_libprocess_ip",
            help: "address that Mesos' library binds in upstream's \(product); node_address where it is not given",
            isAllowed: IPAddress.isValid)
        principal = OptionalSetting(
            "mesos_principal", "PRINCIPAL", original: ["\(variable)_MESOS_AUTHENTICATION_PRINCIPAL"],
            help:
                "who \(product) authenticates to the masters as; \(standardPrincipal ?? "the framework's name") where only a secret is given",
            isAllowed: { !$0.isEmpty && !$0.contains(where: \.isWhitespace) && !$0.contains(":") })
        secret = OptionalSetting(
            "mesos_secret", "SECRET", secret: true, help: "its secret, written to a file of mode 0600", isAllowed: { !$0.isEmpty })
        mesosUser = Setting(
            "mesos_http_user", "MESOS_HTTP_USER", default: "admin", role: "mesos_username",
            help: "user that the checks ask the Mesos masters as, where a password is given")
        mesosPassword = OptionalSetting(
            "mesos_http_password", "MESOS_HTTP_PASSWORD", role: "mesos_password", secret: true,
            help: "password that the checks ask the Mesos masters with", isAllowed: { !$0.isEmpty })
        binary = OptionalSetting(
            "\(name)_binary", "\(variable)_BINARY", bounds: "an absolute path", help: "upstream's start script, where it is not found",
            isAllowed: { $0.hasPrefix("/") })
        runDirectory = Setting(
            "\(name)_run_dir", "\(variable)_RUN_DIR", default: "/run/mesos-cluster/\(name)", bounds: "an absolute path",
            help: "directory of the secret files that are written at start, mode 0700", isAllowed: { $0.hasPrefix("/") })
        javaHome = OptionalSetting("java_home", "JAVA_HOME", help: "Java of upstream's \(product)")
        mesosLibrary = OptionalSetting(
            "mesos_native_java_library", "MESOS_NATIVE_JAVA_LIBRARY", help: "path of libmesos.so for upstream's \(product)")
    }
}
