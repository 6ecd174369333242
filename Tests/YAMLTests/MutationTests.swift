import ClusterTestKit
import Testing
import YAML

/// Thousands of damaged texts: each is read, or refused with a place in it; none stops the program.
struct MutationTests {
    static let text = """
        # comment
        base: &base {a: 1, b: [x, "y\\t", 'z''s', ~], "k": !!str 1.5}
        other: &other
          <<: [*base, {c: 0x1F}]
          block: |+
            one
             two

          folded: >-
            a
            b
        list:
          - - *other
            - -.inf
          - ? key
            : 2001-01-01
        ...

        """

    @Test func noDamageStopsTheReader() {
        var random = SeededGenerator(seed: 42)
        let original = Array(Self.text.utf8)
        var refused = 0
        for _ in 0..<4000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(original[Int.random(in: 0..<original.count, using: &random)], at: place)
                default: bytes[place] = "&*!|>{}[]:-?\"'\n\t #%".utf8.randomElement(using: &random) ?? 0
                }
            }
            do throws(YAMLError) {
                _ = try YAML.parse(bytes: bytes, source: "damaged")?.json()
            } catch {
                refused += 1
                #expect(error.mark.line >= 1 && error.mark.column >= 1 && !error.reason.isEmpty)
            }
        }
        #expect(refused > 500)
    }
}
