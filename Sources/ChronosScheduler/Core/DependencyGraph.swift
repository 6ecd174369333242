import ClusterCore

/// Which job waits for which. Holds no cycle.
struct DependencyGraph: Sendable {
    private var parents: [String: [String]] = [:]
    private var childrenByParent: [String: Set<String>] = [:]

    /// The jobs that wait for this one, in the order of their names.
    func children(of name: String) -> [String] { childrenByParent[name, default: []].sorted() }

    /// The jobs that this one waits for.
    func parents(of name: String) -> [String] { parents[name, default: []] }

    /// Checks that a job may have these parents.
    /// - Throws: `ClusterError` `.invalid`: a parent that does not exist, or a cycle.
    func check(_ name: String, parents: [String]) throws(ClusterError) {
        for parent in parents where parent != name && self.parents[parent] == nil {
            throw ClusterError(.invalid, "the parent '\(parent)' of job '\(name)' does not exist; post it first")
        }
        var seen: Set<String> = []
        var stack = parents.map { [$0] }
        while let path = stack.popLast() {
            guard let last = path.last else { continue }
            guard last != name else {
                let circle = ([name] + path).joined(separator: " waits for ")
                throw ClusterError(.invalid, "job '\(name)' would wait for itself: \(circle)")
            }
            guard seen.insert(last).inserted else { continue }
            for parent in self.parents(of: last) { stack.append(path + [parent]) }
        }
    }

    /// Adds a job, or replaces its parents.
    mutating func set(_ name: String, parents newParents: [String]) {
        for parent in parents(of: name) { childrenByParent[parent]?.remove(name) }
        parents[name] = newParents
        for parent in newParents { childrenByParent[parent, default: []].insert(name) }
    }

    /// Removes a job that nobody waits for any more.
    mutating func remove(_ name: String) {
        for parent in parents(of: name) { childrenByParent[parent]?.remove(name) }
        parents[name] = nil
        childrenByParent[name] = nil
    }
}
