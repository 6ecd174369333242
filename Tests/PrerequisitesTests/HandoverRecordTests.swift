import Testing

@testable import Prerequisites

/// Which node is the dead child's own, by tables: what was seen, and what may be deleted.
@Suite struct HandoverRecordTests {
    /// What happens; nodes are numbers, and `a` is told of by the letter of its incarnation.
    enum Step: Sendable {
        /// A node that announces our address is made, by this session.
        case made(Int, session: Int64, incarnation: String? = nil)
        /// One that announces another address.
        case madeByAnother(Int)
        case gone(Int)
        /// A child is about to be started; what stands is seen.
        case starts
        /// The same while ZooKeeper does not answer.
        case startsUnseen
        /// What stands is seen while this child runs, or when it has just exited.
        case looks(child: Int32)
        /// A dead child's, by the record on disk.
        case buried([Int])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [Step]
        let verdict: HandoverRecord.Verdict

        init(_ text: String, _ steps: [Step], _ verdict: HandoverRecord.Verdict) {
            (testDescription, self.steps, self.verdict) = (text, steps, verdict)
        }
    }

    private static func node(_ number: Int, _ session: Int64) -> CandidateNode {
        CandidateNode(path: "/e/\(number)", owner: session, czxid: Int64(number))
    }

    static let rows = [
        Row("its own", [.starts, .made(1, session: 7), .looks(child: 9)], .own([node(1, 7)])),
        Row("another's address", [.starts, .madeByAnother(1), .looks(child: 9)], .own([])),
        Row("none yet", [.starts, .looks(child: 9)], .own([])),
        Row("only what stood before", [.made(1, session: 7), .starts, .looks(child: 9)], .own([])),
        Row(
            "beside what stood before", [.made(1, session: 7), .starts, .made(2, session: 8), .looks(child: 9)],
            .contested([node(1, 7), node(2, 8)])),
        Row(
            "what stood before went before the child came",
            [.made(1, session: 7), .starts, .gone(1), .made(2, session: 8), .looks(child: 9)],
            .contested([node(1, 7), node(2, 8)])),
        Row(
            "another joins", [.starts, .made(1, session: 7), .looks(child: 9), .made(2, session: 8), .looks(child: 9)],
            .contested([node(1, 7), node(2, 8)])),
        Row(
            "another joined and went",
            [.starts, .made(1, session: 7), .made(2, session: 8), .looks(child: 9), .gone(2), .looks(child: 9)],
            .contested([node(1, 7), node(2, 8)])),
        Row(
            "its session expired, and it made another node",
            [.starts, .made(1, session: 7), .looks(child: 9), .gone(1), .looks(child: 9), .made(2, session: 8), .looks(child: 9)],
            .own([node(1, 7), node(2, 8)])),
        Row(
            "the same, told of at once",
            [.starts, .made(1, session: 7), .looks(child: 9), .gone(1), .made(2, session: 8), .looks(child: 9)],
            .own([node(1, 7), node(2, 8)])),
        Row(
            "two nodes of one session", [.starts, .made(1, session: 7), .made(2, session: 7), .looks(child: 9)],
            .own([node(1, 7), node(2, 7)])),
        Row(
            "a new session of the same process beside its old one",
            [.starts, .made(1, session: 7, incarnation: "a"), .looks(child: 9), .made(2, session: 8, incarnation: "a"), .looks(child: 9)],
            .own([node(1, 7), node(2, 8)])),
        Row(
            "another process", [.starts, .made(1, session: 7, incarnation: "a"), .made(2, session: 8, incarnation: "b"), .looks(child: 9)],
            .contested([node(1, 7), node(2, 8)])),
        Row(
            "a restart beside the node of the child before",
            [.starts, .made(1, session: 7), .looks(child: 8), .buried([1]), .starts, .made(2, session: 8), .looks(child: 9)],
            .own([node(2, 8)])),
        Row(
            "a restart beside the killed predecessor's node",
            [.made(1, session: 7), .starts, .made(2, session: 8), .looks(child: 9), .buried([1])], .contested([node(2, 8)])),
        Row(
            "a restart after the killed predecessor's node was deleted",
            [.made(1, session: 7), .starts, .gone(1), .buried([1]), .made(2, session: 8), .looks(child: 9)], .own([node(2, 8)])),
        Row("another child", [.starts, .made(1, session: 7), .looks(child: 8), .starts], .own([])),
        Row(
            "ZooKeeper was away at the start, and the node stands at the first look",
            [.startsUnseen, .made(1, session: 7), .looks(child: 9)],
            .unseen([node(1, 7)])),
        Row(
            "ZooKeeper was away at the start, and the node comes later",
            [.startsUnseen, .looks(child: 9), .made(1, session: 7), .looks(child: 9)], .own([node(1, 7)])),
        Row("an earlier child", [.starts, .looks(child: 8), .made(1, session: 7), .looks(child: 9)], .own([])),
    ]

    @Test(arguments: rows) func decides(row: Row) {
        var record = HandoverRecord()
        var standing: [Int: (node: CandidateNode, isOwn: Bool, incarnation: String?)] = [:]
        func look() -> [String] {
            let paths = standing.values.map(\.node.path).sorted()
            for path in record.unknown(among: paths) {
                guard let found = standing.values.first(where: { $0.node.path == path }) else { continue }
                record.saw(found.node, isOwn: found.isOwn, incarnation: found.incarnation)
            }
            return paths
        }
        for step in row.steps {
            switch step {
            case .made(let number, let session, let incarnation):
                standing[number] = (Self.node(number, session), true, incarnation)
            case .madeByAnother(let number): standing[number] = (Self.node(number, 99), false, nil)
            case .gone(let number): standing[number] = nil
            case .starts: record.starts(among: look())
            case .startsUnseen: record.starts(among: nil)
            case .looks(let child): record.listed(look(), child: child)
            case .buried(let numbers): record.buried(numbers.map { Self.node($0, 7) })
            }
        }
        #expect(record.verdict(on: 9) == row.verdict)
    }

    @Test func anotherAnnouncerIsToldOfOnce() {
        var record = HandoverRecord()
        record.starts(among: [])
        for (number, session) in [(1, Int64(7)), (2, 8), (3, 9)] { record.saw(Self.node(number, session), isOwn: true) }
        let told = [["/e/1"], ["/e/1", "/e/2"], ["/e/1", "/e/2", "/e/3"]].map { record.listed($0, child: 9) }
        #expect(told == [false, true, false])
    }
}
