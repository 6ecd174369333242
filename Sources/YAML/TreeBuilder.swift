/// Builds the tree of one document from events: keeps anchors, replaces aliases, merges `<<`, and counts what it costs.
struct TreeBuilder {
    /// A node with its cost, every alias in it counted as what it stands for.
    private struct Built {
        let node: YAMLNode
        let nodes: Int
        let depth: Int
    }

    private let events: EventReader
    private let source: String
    private let limits: YAML.Limits
    private var anchors: [String: Built] = [:]
    private var open: Set<String> = []
    private var nodes = 0

    init(events: EventReader, source: String, limits: YAML.Limits) {
        self.events = events
        self.source = source
        self.limits = limits
    }

    /// Reads the whole stream.
    mutating func document() throws(YAMLError) -> YAMLNode? {
        var root: YAMLNode?
        var documents = 0
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return root
            case .streamStart, .documentEnd: continue
            case .documentStart:
                documents += 1
                guard documents == 1 else { throw error(event.mark, "a second document begins here; one is expected") }
            default: root = try build(event, depth: 1).node
            }
        }
    }

    private func error(_ mark: YAMLMark, _ reason: String) -> YAMLError { YAMLError(source: source, mark: mark, reason: reason) }

    private mutating func charge(_ count: Int, depth: Int, at mark: YAMLMark) throws(YAMLError) {
        guard depth <= limits.depth else { throw error(mark, "nested deeper than \(limits.depth) levels") }
        nodes += count
        guard nodes <= limits.nodes else { throw error(mark, "more than \(limits.nodes) nodes, aliases counted as what they stand for") }
    }

    private mutating func build(_ event: Event, depth: Int) throws(YAMLError) -> Built {
        if case .alias(let name) = event.kind {
            guard !open.contains(name) else { throw error(event.mark, "the alias *\(name) stands inside its own anchor") }
            guard let built = anchors[name] else { throw error(event.mark, "the alias *\(name) has no anchor before it") }
            try charge(built.nodes, depth: depth + built.depth - 1, at: event.mark)
            return built
        }
        try charge(1, depth: depth, at: event.mark)
        if let anchor = event.anchor { open.insert(anchor) }
        let before = nodes - 1
        var deepest = 1
        let content: YAMLNode.Content
        switch event.kind {
        case .scalar(let text, let isPlain):
            content = .scalar(YAMLScalar(text: text, value: try value(text, isPlain: isPlain, tag: event.tag, mark: event.mark)))
        case .sequenceStart:
            try expect(event, tag: "seq")
            content = .sequence(try elements(depth: depth, deepest: &deepest))
        default:
            try expect(event, tag: "map")
            content = .mapping(try pairs(depth: depth, deepest: &deepest))
        }
        let built = Built(node: YAMLNode(content, mark: event.mark, source: source), nodes: nodes - before, depth: deepest)
        if let anchor = event.anchor {
            open.remove(anchor)
            anchors[anchor] = built
        }
        return built
    }

    private mutating func elements(depth: Int, deepest: inout Int) throws(YAMLError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { return elements }
            let element = try build(event, depth: depth + 1)
            deepest = max(deepest, element.depth + 1)
            elements.append(element.node)
        }
    }

    private mutating func pairs(depth: Int, deepest: inout Int) throws(YAMLError) -> [YAMLPair] {
        var pairs: [YAMLPair] = []
        var own: [String: YAMLMark] = [:]
        var merged: [YAMLPair] = []
        var hasMerge = false
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let (key, isMerge) = try key(event, depth: depth)
            let value = try build(try events.next(), depth: depth + 1)
            deepest = max(deepest, value.depth + 1)
            if isMerge {
                guard !hasMerge else { throw error(event.mark, "the merge key << is given twice; merge a sequence of mappings") }
                hasMerge = true
                merged = try mergeable(value.node, at: event.mark)
            } else if let first = own.updateValue(event.mark, forKey: key) {
                throw error(event.mark, "the key '\(key)' is given twice; first on line \(first.line)")
            } else {
                pairs.append(YAMLPair(key: key, mark: event.mark, value: value.node))
            }
        }
        for pair in merged where own[pair.key] == nil {
            own[pair.key] = pair.mark
            pairs.append(pair)
        }
        return pairs
    }

    private mutating func key(_ event: Event, depth: Int) throws(YAMLError) -> (String, isMerge: Bool) {
        let node = try build(event, depth: depth + 1).node
        guard case .scalar(let scalar) = node.content else { throw error(event.mark, "a key must be a scalar, not \(node.kind)") }
        if case .scalar(_, let isPlain) = event.kind, scalar.text == "<<", isPlain { return (scalar.text, true) }
        return (scalar.text, false)
    }

    /// The pairs of a merge key's value, the first of a repeated key first (YAML merge type, section "Detailed description").
    private func mergeable(_ node: YAMLNode, at mark: YAMLMark) throws(YAMLError) -> [YAMLPair] {
        switch node.content {
        case .mapping(let pairs): return pairs
        case .sequence(let elements):
            var all: [YAMLPair] = []
            for element in elements {
                guard case .mapping(let pairs) = element.content else { throw error(mark, "<< merges mappings, not \(element.kind)") }
                all += pairs
            }
            return all
        case .scalar: throw error(mark, "<< merges a mapping or a sequence of mappings, not \(node.kind)")
        }
    }

    private func expect(_ event: Event, tag: String) throws(YAMLError) {
        guard let found = event.tag, found != "!", found != "tag:yaml.org,2002:\(tag)" else { return }
        throw error(event.mark, "the tag '\(found)' is not known here; expected !!\(tag)")
    }

    private func value(_ text: String, isPlain: Bool, tag: String?, mark: YAMLMark) throws(YAMLError) -> YAMLScalar.Value {
        guard let tag else { return isPlain ? CoreSchema.resolve(text) : .string(text) }
        switch tag {
        case "!", "tag:yaml.org,2002:str": return .string(text)
        case "tag:yaml.org,2002:null":
            if case .null = CoreSchema.resolve(text) { return .null }
        case "tag:yaml.org,2002:bool":
            if case .bool(let value) = CoreSchema.resolve(text) { return .bool(value) }
        case "tag:yaml.org,2002:int":
            if case .int(let value) = CoreSchema.resolve(text) { return .int(value) }
        case "tag:yaml.org,2002:float":
            switch CoreSchema.resolve(text) {
            case .int(let value): return .double(Double(value))
            case .double(let value): return .double(value)
            default: break
            }
        default: throw error(mark, "the tag '\(tag)' is not of the core schema (!!str, !!int, !!float, !!bool, !!null, !!seq, !!map)")
        }
        throw error(mark, "the scalar does not have the form of its tag '\(tag)'")
    }
}
