public import ClusterCore

extension WorkerSocket {
    /// Sends commands over as few connections as their length allows, in order.
    ///
    /// HAProxy takes several commands in a line, separated by `;`, of which all are carried out whatever the others answer
    /// (management guide, "Unix Socket commands"); a line may fill its buffer of 16 KiB.
    /// - Returns: the lines that were answered, without empty ones.
    /// - Throws: `.invalid` for a command that holds a separator or a line's end, else as the socket.
    @discardableResult
    public func send(_ commands: [String], timeout: Duration = .seconds(2)) async throws(ClusterError) -> [String] {
        for command in commands where command.utf8.contains(UInt8(ascii: ";")) {
            throw ClusterError(.invalid, "a command to HAProxy must not hold a semicolon")
        }
        var answers: [String] = []
        var line = ""
        for command in commands {
            if !line.isEmpty, line.utf8.count + command.utf8.count > 8000 {
                answers += try await lines(line, timeout)
                line = ""
            }
            line += line.isEmpty ? command : "; \(command)"
        }
        if !line.isEmpty { answers += try await lines(line, timeout) }
        return answers
    }

    private func lines(_ command: String, _ timeout: Duration) async throws(ClusterError) -> [String] {
        try await socket.send(command, timeout: timeout).split(whereSeparator: \.isNewline).map(String.init)
    }

    /// Replaces all of a map at once: requests see the old or the new one, nothing in between (management guide, "prepare map").
    /// - Parameter path: the file that the map was loaded from.
    public func replaceMap(_ path: String, _ entries: [(key: String, value: String)], timeout: Duration = .seconds(2))
        async throws(ClusterError)
    {
        let answer = try await socket.send("prepare map \(path)", timeout: timeout)
        guard let version = answer.split(whereSeparator: { $0 == " " || $0 == "\n" }).last.flatMap({ Int($0) }) else {
            throw ClusterError(.unavailable, "HAProxy does not prepare the map \(path): \(answer)")
        }
        let added = try await send(entries.map { "add map @\(version) \(path) \($0.key) \($0.value)" }, timeout: timeout)
        guard added.isEmpty else { throw ClusterError(.unavailable, "HAProxy does not add to the map \(path): \(added[0])") }
        let committed = try await send(["commit map @\(version) \(path)"], timeout: timeout)
        guard committed.isEmpty else { throw ClusterError(.unavailable, "HAProxy does not commit the map \(path): \(committed[0])") }
    }

    /// The entries of a map, in HAProxy's order.
    public func map(_ path: String, timeout: Duration = .seconds(2)) async throws(ClusterError) -> [(key: String, value: String)] {
        try await socket.send("show map \(path)", timeout: timeout).split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(separator: " ", maxSplits: 2)
            return words.count == 3 ? (String(words[1]), String(words[2])) : nil
        }
    }
}
