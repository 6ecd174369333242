import Testing

@testable import keepalived_wrap

struct PureTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1/32"), ("10.0.0.1/8", "10.0.0.1/8"), ("fd00:0::1/64", "fd00::1/64"), ("fd00::1", "fd00::1/128"),
        ("10.0.0.256", nil), ("10.0.0.1/0", nil), ("10.0.0.1/+8", nil), ("10.0.0.1/", nil), ("10.0.0", nil), ("", nil), ("::", nil),
        ("::1", nil),
        ("224.0.0.18/32", nil), ("ff02::12/64", nil), ("0.0.0.0/0", nil), ("fd00::1/129", nil), ("10.0.0.1/24 dev eth0", nil),
    ])
    func virtualAddressesAreRead(text: String, expected: String?) {
        #expect(VirtualAddress(text)?.description == expected)
    }

    @Test func prefixesAreCompared() throws {
        let (one, two) = (try #require(InternetAddress("10.1.2.3")), try #require(InternetAddress("10.1.3.3")))
        #expect(one.sharesPrefix(of: 23, with: two))
        #expect(!one.sharesPrefix(of: 24, with: two))
        #expect(!one.sharesPrefix(of: 1, with: try #require(InternetAddress("fd00::1"))))
    }

    @Test(arguments: [(Duration.milliseconds(250), "0.25"), (.seconds(1), "1"), (.milliseconds(1500), "1.5"), (.milliseconds(10), "0.01")])
    func advertsAreCountedInCentiseconds(duration: Duration, text: String) {
        #expect(KeepalivedTemplate.seconds(duration) == text)
    }

    @Test func aPlainNoCountsAtOnceAndSilenceWhenItRepeats() {
        var tracker = HAProxyTracker()
        #expect(!tracker.isReady)
        let sights: [(HAProxyTracker.Observation, changes: Bool, isReady: Bool, reason: String?)] = [
            (.ready, false, false, "HAProxy has become ready just now"), (.ready, true, true, nil), (.silent("slow"), false, true, nil),
            (.ready, false, true, nil), (.silent("slow"), false, true, nil), (.silent("slow"), true, false, "slow"),
            (.ready, false, false, "HAProxy has become ready just now"), (.notReady("503"), false, false, "503"),
            (.ready, false, false, "HAProxy has become ready just now"), (.ready, true, true, nil), (.notReady("503"), true, false, "503"),
        ]
        for (observation, changes, isReady, reason) in sights {
            let changed = tracker.observe(observation)
            #expect(changed == changes && tracker.isReady == isReady && tracker.reason == reason)
        }
    }

    @Test func theLoopbackIsListedAndKept() throws {
        let loopback = try LinkAddress.all().first { $0.address.description == "127.0.0.1" }
        #expect(loopback?.interface == "lo" && loopback?.prefixLength == 8)
        #expect(LinkAddress.interfaces().contains("lo"))
        #expect(try LinkAddress.remove([try #require(InternetAddress("127.0.0.1"))]).isEmpty)
    }

    @Test func missingCapabilitiesAreNamed() {
        #expect(Capabilities.missing(in: "Name:\tx\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n").isEmpty)
        #expect(Capabilities.missing(in: "CapEff:\t00000000a80425fb\n") == ["CAP_NET_ADMIN"])
        #expect(Capabilities.missing(in: "CapEff:\t0000000000000000\n") == ["CAP_NET_ADMIN", "CAP_NET_RAW"])
    }
}

struct GuardTests {
    @Test func noticesAreRead() {
        let notice = VRRPNotice("INSTANCE \"vip_ipv4\" MASTER 200")
        #expect(notice?.name == "vip_ipv4" && notice?.state == "MASTER" && notice?.isGroup == false)
        #expect(VRRPNotice("GROUP \"vips\" FAULT 0")?.isGroup == true)
        for wrong in ["", "INSTANCE vip MASTER", "VS \"x\" UP", "INSTANCE \"vip\""] { #expect(VRRPNotice(wrong) == nil) }
    }

    @Test func advertsAreRead() throws {
        let peer = try #require(InternetAddress("198.18.0.30"))
        let own = try #require(InternetAddress("198.18.0.31"))
        let other = try #require(InternetAddress("198.18.0.32"))
        func read(_ message: [UInt8], hopLimit: Int = 255, to destination: InternetAddress? = nil) -> VRRPAdvert? {
            VRRPAdvert(VRRPPacket(source: peer, destination: destination ?? own, hopLimit: hopLimit, message: message))
        }
        let address: [UInt8] = [198, 18, 0, 100]
        let three: [UInt8] = [0x31, 51, 190, 1, 0, 25, 0, 0] + address
        let two: [UInt8] = [0x21, 51, 190, 1, 1, 1, 0, 0] + address + [0, 0, 0, 0, 0, 0, 0, 0]
        let expected = VRRPAdvert(source: peer, routerID: 51, priority: 190)
        #expect(read(summed(three, peer, own)) == expected)
        #expect(read(summed(two)) == expected)
        let right = summed(three, peer, own)
        #expect(read(right, hopLimit: 254) == nil)
        #expect(read(right, hopLimit: 64) == nil)
        #expect(read(right, to: other) == nil)
        for index in right.indices {
            var wrong = right
            wrong[index] ^= 0x40
            #expect(read(wrong) == nil, "byte \(index) is another")
        }
        for count in right.indices { #expect(read(Array(right[..<count])) == nil) }
        #expect(read(right + [0, 0]) == nil)
        #expect(read(summed(Array(two.dropLast(8)))) == nil)
    }

    /// The message with its checksum at 6; for version 3, that of a pseudo header too.
    private func summed(_ message: [UInt8], _ source: InternetAddress? = nil, _ destination: InternetAddress? = nil) -> [UInt8] {
        var message = message
        (message[6], message[7]) = (0, 0)
        let header = (source?.bytes ?? []) + (destination?.bytes ?? []) + (source == nil ? [] : [0, 112, 0, UInt8(message.count)])
        let sum = ~VRRPAdvert.sum(header + message)
        (message[6], message[7]) = (UInt8(sum >> 8), UInt8(sum & 0xFF))
        return message
    }

    @Test func keepalivedIsEndedWhereItDoesNotGiveWay() throws {
        let peer = try #require(InternetAddress("198.18.0.30"))
        func advert(_ priority: Int, _ routerID: Int = 51) -> VRRPAdvert {
            VRRPAdvert(source: peer, routerID: routerID, priority: priority)
        }
        let start = ContinuousClock.now
        var doubt = MasterDoubt(routerID: 51, priority: 190)
        // keepalived settles these: the other's lower priority, another cluster's, one that gives up.
        for other in [advert(180), advert(200, 52), advert(0)] {
            for second in 0..<5 { #expect(doubt.hear(other, isStopped: false, at: start + .seconds(second)) == nil) }
        }
        #expect(doubt.hear(advert(200), isStopped: false, at: start) == nil)
        #expect(doubt.hear(advert(200), isStopped: false, at: start + .milliseconds(250)) == nil)
        #expect(doubt.hear(advert(200), isStopped: false, at: start + .milliseconds(750)) != nil)
        doubt.settled()
        #expect(doubt.hear(advert(200), isStopped: false, at: start + .seconds(9)) == nil)
        #expect(doubt.hear(advert(180), isStopped: true, at: start) != nil)
        #expect(doubt.hear(advert(180, 52), isStopped: true, at: start) == nil)
    }

    @Test(arguments: [1, 2, 3, 20, 21, 50, 200, 201, 254])
    func prioritiesAreDistinctForAnyNumber(count: Int) {
        let priorities = (0..<count).map { VRRPLayout.priority(place: $0, of: count) }
        #expect(Set(priorities).count == count && priorities == priorities.sorted(by: >))
        #expect(priorities.allSatisfy { (1...254).contains($0) })
    }
}
