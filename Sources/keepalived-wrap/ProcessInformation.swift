import Glibc

/// This process's search path.
enum ProcessInformation {
    /// The absolute directories of PATH, in their order.
    static var path: [String] {
        guard let text = getenv("PATH") else { return [] }
        return String(cString: text).split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
    }
}
