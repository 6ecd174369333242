import CYaml

/// One event of libyaml's parser, copied into Swift.
struct Event {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }
    let kind: Kind
    let anchor: String?
    let tag: String?
    let mark: YAMLMark
}

/// Owns libyaml's parser and the bytes that it reads, both at a fixed place in memory as libyaml requires.
final class EventReader {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let source: String

    init(bytes all: [UInt8], source: String) {
        self.source = source
        // With the encoding given, libyaml takes a byte order mark for text.
        let bytes = all.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(all.dropFirst(3)) : all
        self.bytes = .allocate(capacity: max(bytes.count, 1))
        _ = self.bytes.initialize(from: bytes)
        parser.initialize(to: yaml_parser_t())
        // Fails only where memory is out; the first event then reports it.
        if yaml_parser_initialize(parser) == 1 {
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, self.bytes.baseAddress, bytes.count)
        }
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The next event.
    func next() throws(YAMLError) -> Event {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw failure() }
        defer { yaml_event_delete(&raw) }
        let mark = Self.mark(raw.start_mark)
        var anchor: String?
        var tag: String?
        let kind: Event.Kind
        switch raw.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = .alias(Self.text(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            anchor = Self.text(scalar.anchor)
            tag = Self.text(scalar.tag)
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            kind = .scalar(text: text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        case YAML_SEQUENCE_START_EVENT:
            anchor = Self.text(raw.data.sequence_start.anchor)
            tag = Self.text(raw.data.sequence_start.tag)
            kind = .sequenceStart
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            anchor = Self.text(raw.data.mapping_start.anchor)
            tag = Self.text(raw.data.mapping_start.tag)
            kind = .mappingStart
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        default: kind = .streamEnd
        }
        return Event(kind: kind, anchor: anchor, tag: tag, mark: mark)
    }

    private func failure() -> YAMLError {
        let state = parser.pointee
        var reason = state.problem.map { String(cString: $0) } ?? "out of memory"
        var mark = Self.mark(state.problem_mark)
        switch state.error {
        case YAML_READER_ERROR:
            // The reader knows an offset only; everything before it was read well.
            mark = place(ofByte: state.problem_offset)
        case YAML_MEMORY_ERROR: break
        default:
            if let context = state.context { reason = "\(String(cString: context)): \(reason)" }
        }
        return YAMLError(source: source, mark: mark, reason: reason)
    }

    private func place(ofByte offset: Int) -> YAMLMark {
        var line = 1
        var column = 1
        for byte in bytes[..<min(offset, bytes.count)] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return YAMLMark(line: line, column: column)
    }

    private static func mark(_ mark: yaml_mark_t) -> YAMLMark { YAMLMark(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
