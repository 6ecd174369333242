import CZooKeeper

extension ZooKeeperClient {
    /// The largest data that this library sends, in bytes: below the server's own limit of 1 MiB for a whole request (`jute.maxbuffer`).
    public static let maximumDataLength = 900_000

    /// Creates a node.
    /// - Returns: its path, with the number of a sequential node.
    /// - Throws: `.nodeExists`, `.noNode` (no parent), `.noChildrenForEphemerals`, `.noAuth`, `.tooLarge`.
    @discardableResult
    public func create(
        _ path: String, data: [UInt8] = [], mode: ZooKeeperCreateMode = .persistent, acl: ZooKeeperACL = .open
    ) async throws(ZooKeeperError) -> String {
        try Self.checkLength(data, path)
        return try await call(path) { handle, completion in
            data.withChars { chars, count in
                acl.withVector { vector in
                    zoo_acreate(handle, path, chars, count, vector, mode.flags, stringCompletion, completion)
                }
            }
        }
    }

    /// Creates a node and what is missing of its parents. A node that exists is left as it is.
    /// - Returns: true where the node was created by this call.
    @discardableResult
    public func createRecursively(
        _ path: String, data: [UInt8] = [], acl: ZooKeeperACL = .open, parentACL: ZooKeeperACL? = nil
    ) async throws(ZooKeeperError) -> Bool {
        guard path.hasPrefix("/") else { throw ZooKeeperError(.badArguments, path) }
        if path == "/" { return false }
        do {
            try await create(path, data: data, acl: acl)
            return true
        } catch {
            if error.code == .nodeExists { return false }
            guard error.code == .noNode, let parent = path.parentPath else {
                // A user who may not create in the parent is fine where the node is there.
                if error.code == .noAuth, try await exists(path) != nil { return false }
                throw error
            }
            try await createRecursively(parent, acl: parentACL ?? acl, parentACL: parentACL)
        }
        do {
            try await create(path, data: data, acl: acl)
            return true
        } catch {
            if error.code == .nodeExists { return false }
            throw error
        }
    }

    /// Reads a node.
    /// - Throws: `.noNode`, `.noAuth`.
    public func get(_ path: String) async throws(ZooKeeperError) -> ZooKeeperNode {
        try await get(path, token: nil)
    }

    func get(_ path: String, in session: Session? = nil, token: UnsafeMutableRawPointer?) async throws(ZooKeeperError) -> ZooKeeperNode {
        try await call(path, in: session) { handle, completion in
            zoo_awget(handle, path, token == nil ? nil : nodeWatcher, token, dataCompletion, completion)
        }
    }

    /// Replaces a node's data.
    /// - Parameter version: the version it must have; -1 for any.
    /// - Throws: `.noNode`, `.badVersion`, `.noAuth`, `.tooLarge`.
    @discardableResult
    public func set(_ path: String, data: [UInt8], version: Int32 = -1) async throws(ZooKeeperError) -> ZooKeeperStat {
        try Self.checkLength(data, path)
        return try await call(path) { handle, completion in
            data.withChars { chars, count in zoo_aset(handle, path, chars, count, version, statCompletion, completion) }
        }
    }

    /// Deletes a node.
    /// - Throws: `.noNode`, `.badVersion`, `.notEmpty`, `.noAuth`.
    public func delete(_ path: String, version: Int32 = -1) async throws(ZooKeeperError) {
        let _: Void = try await call(path) { handle, completion in zoo_adelete(handle, path, version, voidCompletion, completion) }
    }

    /// Deletes a node and all below it; none is fine.
    public func deleteRecursively(_ path: String) async throws(ZooKeeperError) {
        do {
            for child in try await children(of: path) { try await deleteRecursively(path.appendingNode(child)) }
            try await delete(path)
        } catch {
            if error.code == .notEmpty { return try await deleteRecursively(path) }
            if error.code != .noNode { throw error }
        }
    }

    /// Whether a node exists: its stat, or nil.
    public func exists(_ path: String) async throws(ZooKeeperError) -> ZooKeeperStat? {
        try await exists(path, token: nil)
    }

    func exists(_ path: String, in session: Session? = nil, token: UnsafeMutableRawPointer?) async throws(ZooKeeperError) -> ZooKeeperStat?
    {
        do {
            let stat: ZooKeeperStat = try await call(path, in: session) { handle, completion in
                zoo_awexists(handle, path, token == nil ? nil : nodeWatcher, token, statCompletion, completion)
            }
            return stat
        } catch {
            if error.code == .noNode { return nil }
            throw error
        }
    }

    /// The names of a node's children, in no particular order.
    /// - Throws: `.noNode`, `.noAuth`.
    public func children(of path: String) async throws(ZooKeeperError) -> [String] {
        try await children(of: path, token: nil)
    }

    func children(of path: String, in session: Session? = nil, token: UnsafeMutableRawPointer?) async throws(ZooKeeperError) -> [String] {
        try await call(path, in: session) { handle, completion in
            zoo_awget_children(handle, path, token == nil ? nil : nodeWatcher, token, stringsCompletion, completion)
        }
    }

    /// Waits until the connected server has caught up with the ensemble's leader: a read that follows sees every write finished before.
    public func sync(_ path: String = "/") async throws(ZooKeeperError) {
        let _: String = try await call(path) { handle, completion in zoo_async(handle, path, stringCompletion, completion) }
    }

    // MARK: plumbing

    /// Makes one asynchronous call and waits for its answer.
    func call<Value: Sendable>(
        _ subject: String, in session: Session? = nil, _ body: (OpaquePointer, UnsafeRawPointer) -> Int32
    ) async throws(ZooKeeperError) -> Value {
        var chosen = session
        if chosen == nil { chosen = try currentSession() }
        guard let chosen else { throw ZooKeeperError(.invalidState, subject) }
        let completion = Completion<Value>(subject, session: chosen)
        try chosen.send(completion, subject, body)
        return try await completion.wait()
    }

    static func checkLength(_ data: [UInt8], _ path: String) throws(ZooKeeperError) {
        guard data.count <= maximumDataLength else {
            throw ZooKeeperError(.tooLarge, "\(path) (\(data.count) bytes; at most \(maximumDataLength) fit into a node)")
        }
    }
}

extension String {
    /// The parent's path; nil for the root.
    var parentPath: String? {
        guard self != "/", let slash = lastIndex(of: "/") else { return nil }
        return slash == startIndex ? "/" : String(self[..<slash])
    }

    /// The path of a child.
    func appendingNode(_ name: String) -> String { self == "/" ? "/\(name)" : "\(self)/\(name)" }
}

extension [UInt8] {
    /// Calls `body` with the bytes as the C library takes them.
    func withChars<R>(_ body: (UnsafePointer<CChar>?, Int32) -> R) -> R {
        withUnsafeBytes { raw in body(raw.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count)) }
    }
}

private let voidCompletion: void_completion_t = { code, pointer in Completion<Void>.take(pointer)?.finish(code, ()) }

private let stringCompletion: string_completion_t = { code, value, pointer in
    Completion<String>.take(pointer)?.finish(code, value.map { String(cString: $0) })
}

private let statCompletion: stat_completion_t = { code, stat, pointer in
    Completion<ZooKeeperStat>.take(pointer)?.finish(code, stat.map { ZooKeeperStat($0.pointee) })
}

private let dataCompletion: data_completion_t = { code, value, length, stat, pointer in
    Completion<ZooKeeperNode>.take(pointer)?.finish(
        code,
        stat.map { stat in
            let bytes = value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: Int(max(length, 0)))) } ?? []
            return ZooKeeperNode(data: bytes, stat: ZooKeeperStat(stat.pointee))
        })
}

private let stringsCompletion: strings_completion_t = { code, strings, pointer in
    Completion<[String]>.take(pointer)?.finish(
        code,
        strings.map { strings in
            (0..<Int(strings.pointee.count)).compactMap { strings.pointee.data[$0].map { String(cString: $0) } }
        })
}
