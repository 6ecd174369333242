import Testing

@testable import ZooKeeper

@Suite struct ElectionMachineTests {
    typealias Action = ElectionMachine.Action
    let start = ContinuousClock.now
    func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }
    func machine() -> ElectionMachine { ElectionMachine(layout: .latch(parent: "/e"), data: Array("me".utf8)) }
    func confirmed(_ seconds: Double, on connection: Int = 1) -> ElectionMachine.Contact {
        .init(sent: at(seconds), connection: connection, isConfirmed: true)
    }
    func read(_ seconds: Double, on connection: Int = 1) -> ElectionMachine.Contact {
        .init(sent: at(seconds), connection: connection, isConfirmed: false)
    }
    let mine = "_c_1-latch-0000000002"
    let other = "_c_2-latch-0000000001"
    var myTerm: ElectionTerm { ElectionTerm(epoch: 7, path: "/e/\(mine)") }
    var me: ElectionLeader { ElectionLeader(term: myTerm, data: Array("me".utf8), isSelf: true) }

    /// A machine that leads, with a lease of 7.5 s from 0.
    func leading() -> ElectionMachine {
        var machine = machine()
        _ = machine.handle(.enter, now: at(0))
        _ = machine.handle(.connected(session: 1, timeout: .seconds(10), opened: at(0)), now: at(0))
        _ = machine.handle(.joined(session: 1, name: mine, epoch: 7, by: confirmed(0)), now: at(0))
        _ = machine.handle(.children([mine]), now: at(0))
        return machine
    }

    @Test func joinsOnceConnectedAndLeadsWhenFirst() {
        var machine = machine()
        #expect(machine.handle(.enter, now: at(0)).isEmpty)
        #expect(machine.handle(.connected(session: 1, timeout: .seconds(10), opened: at(0)), now: at(0)) == [.join(session: 1)])
        #expect(machine.handle(.joined(session: 1, name: mine, epoch: 7, by: confirmed(0)), now: at(0)).isEmpty)
        #expect(machine.handle(.children([mine, other, "junk"]), now: at(0)) == [.readLeader(name: other)])
        let leader = ElectionLeader(term: .init(epoch: 5, path: "/e/\(other)"), data: [1], isSelf: false)
        #expect(
            machine.handle(.leaderRead(name: other, epoch: 5, data: [1], isOurSession: false), now: at(0)) == [
                .emit(.leaderChanged(leader))
            ])
        #expect(machine.handle(.children([mine]), now: at(1)) == [.emit(.elected(myTerm)), .emit(.leaderChanged(me))])
        #expect(machine.nextTick == at(1.25))
    }

    /// A machine that is behind another candidate, and has read its own node at these times.
    func following(reads: [Double]) -> ElectionMachine {
        var machine = machine()
        _ = machine.handle(.enter, now: at(0))
        _ = machine.handle(.connected(session: 1, timeout: .seconds(10), opened: at(0)), now: at(0))
        _ = machine.handle(.joined(session: 1, name: mine, epoch: 7, by: confirmed(0)), now: at(0))
        _ = machine.handle(.children([mine, other]), now: at(0))
        for time in reads {
            #expect(machine.handle(.tick, now: at(time)) == [.contact(name: mine, confirming: false)])
            _ = machine.handle(.contact(session: 1, name: mine, exists: true, by: read(time)), now: at(time))
        }
        return machine
    }

    @Test func oneWhoHasBeenHeardOfLeadsWithItsFirstConfirmation() {
        var machine = following(reads: [2.5, 5, 7.5, 10])
        #expect(machine.handle(.children([mine]), now: at(11)) == [.contact(name: mine, confirming: true)])
        #expect(
            machine.handle(.contact(session: 1, name: mine, exists: true, by: confirmed(11)), now: at(11.1)) == [
                .emit(.elected(myTerm)), .emit(.leaderChanged(me)),
            ])
        // The read at 10 may still wait at the connected server; that at 7.5 can't.
        #expect(machine.leaseEnd == at(15))
    }

    @Test func afterAPauseItLeadsWhenTheLeadingServerHasSurelyHeardOfIt() {
        var machine = following(reads: [])
        #expect(machine.handle(.children([mine]), now: at(60)) == [.contact(name: mine, confirming: true)])
        // The session lived at 60, and could have ended at 60.1: the leading server may have heard of it 10 s before.
        for time in [60, 61.25] {
            #expect(machine.handle(.contact(session: 1, name: mine, exists: true, by: confirmed(time)), now: at(time)).isEmpty)
            #expect(machine.nextTick == at(time + 1.25))
            #expect(machine.handle(.tick, now: at(time + 1.25)) == [.contact(name: mine, confirming: true)])
        }
        #expect(
            machine.handle(.contact(session: 1, name: mine, exists: true, by: confirmed(62.5)), now: at(62.6)) == [
                .emit(.elected(myTerm)), .emit(.leaderChanged(me)),
            ])
        #expect(machine.leaseEnd == at(67.5))
    }

    @Test func aReadNeverRenewsTheLease() {
        var machine = leading()
        for time in stride(from: 1.0, through: 7, by: 1) {
            _ = machine.handle(.contact(session: 1, name: mine, exists: true, by: read(time)), now: at(time))
        }
        #expect(machine.leaseEnd == at(7.5))
        #expect(machine.handle(.tick, now: at(7.5)).first == .emit(.lost(.outOfContact)))
    }

    @Test func theSharesLeaveRoomForAContactThatFails() {
        #expect(ElectionMachine.settleShare + 2 * ElectionMachine.contactShare < ElectionMachine.leaseShare)
        #expect(ElectionMachine.leaseShare < 1)
    }

    @Test func stepsDownByItsOwnClockWhileDisconnectedAndLeadsAgainOnTheSameSession() {
        var machine = leading()
        #expect(machine.handle(.disconnected, now: at(1)).isEmpty)
        #expect(machine.nextTick == at(7.5))
        #expect(
            machine.handle(.tick, now: at(7.5))
                == [.emit(.lost(.outOfContact)), .emit(.leaderChanged(nil)), .contact(name: mine, confirming: true)].filter {
                    $0 != .contact(name: mine, confirming: true)
                })
        #expect(
            machine.handle(.connected(session: 1, timeout: .seconds(10), opened: at(0)), now: at(8)) == [
                .contact(name: mine, confirming: true)
            ])
        // What was sent on the connection before says too little by now.
        for time in [8, 9.25] {
            _ = machine.handle(.contact(session: 1, name: mine, exists: true, by: confirmed(time, on: 2)), now: at(time))
        }
        #expect(machine.term == nil)
        #expect(
            machine.handle(.contact(session: 1, name: mine, exists: true, by: confirmed(10.5, on: 2)), now: at(10.5)) == [
                .emit(.elected(myTerm)), .emit(.leaderChanged(me)),
            ])
    }

    @Test func aNewSessionMeansANewNode() {
        var machine = leading()
        #expect(machine.handle(.expired, now: at(9)) == [.emit(.lost(.sessionExpired)), .emit(.leaderChanged(nil))])
        #expect(machine.handle(.connected(session: 2, timeout: .seconds(10), opened: at(0)), now: at(9)) == [.join(session: 2)])
        // The answer of an attempt on the old session says nothing about the new one.
        #expect(machine.handle(.joined(session: 1, name: mine, epoch: 7, by: confirmed(9)), now: at(9)).isEmpty)
        #expect(machine.term == nil)
    }

    @Test func aNodeThatSomebodyDeletedEndsTheTermAndIsMadeAgain() {
        var machine = leading()
        #expect(machine.handle(.children([]), now: at(1)).contains(.contact(name: mine, confirming: true)))
        let actions = machine.handle(.contact(session: 1, name: mine, exists: false, by: confirmed(1)), now: at(1))
        #expect(
            actions == [.emit(.lost(.nodeDeleted)), .emit(.leaderChanged(nil)), .join(session: 1)]
                || actions == [.emit(.lost(.nodeDeleted)), .join(session: 1)])
    }

    @Test func resigningStopsLeadingBeforeTheNodeIsDeleted() {
        var machine = leading()
        let actions = machine.handle(.resign, now: at(1))
        #expect(actions.prefix(3) == [.emit(.lost(.resigned)), .emit(.leaderChanged(nil)), .delete(name: mine)])
        #expect(machine.term == nil && machine.nextTick == nil)
        // A join whose answer comes after resigning leaves no node.
        #expect(
            machine.handle(.joined(session: 1, name: "_c_1-latch-0000000003", epoch: 9, by: confirmed(1)), now: at(1)) == [
                .delete(name: "_c_1-latch-0000000003")
            ])
    }

    @Test func aSecondNodeOfOurOwnIsAdopted() {
        var machine = machine()
        _ = machine.handle(.enter, now: at(0))
        _ = machine.handle(.connected(session: 1, timeout: .seconds(10), opened: at(0)), now: at(0))
        _ = machine.handle(.joined(session: 1, name: mine, epoch: 7, by: confirmed(0)), now: at(0))
        #expect(machine.handle(.children([mine, other]), now: at(0)) == [.readLeader(name: other)])
        let actions = machine.handle(.leaderRead(name: other, epoch: 5, data: [], isOurSession: true), now: at(0))
        #expect(actions.first == .delete(name: mine))
        #expect(machine.term?.epoch == 5)
    }

    @Test func theLeaderConfirmsEachEighthOfTheTimeout() {
        var machine = leading()
        #expect(machine.handle(.tick, now: at(1.25)) == [.contact(name: mine, confirming: true)])
        #expect(machine.handle(.tick, now: at(3)).isEmpty)
        #expect(machine.handle(.contactFailed, now: at(3)).isEmpty)
        #expect(machine.nextTick == at(3).advanced(by: ElectionMachine.retryDelay))
        #expect(machine.handle(.tick, now: at(3.25)) == [.contact(name: mine, confirming: true)])
        #expect(machine.handle(.contact(session: 1, name: mine, exists: true, by: confirmed(3.25)), now: at(3.5)).isEmpty)
        #expect(machine.leaseEnd == at(7.5))
        // What was answered on the connection before, the next proves at once.
        _ = machine.handle(.disconnected, now: at(4))
        _ = machine.handle(.connected(session: 1, timeout: .seconds(10), opened: at(0)), now: at(5))
        _ = machine.handle(.contact(session: 1, name: mine, exists: true, by: confirmed(5, on: 2)), now: at(5))
        #expect(machine.leaseEnd == at(10.75))
    }

    @Test func layoutsOrderCandidatesByNumber() {
        let mesos = ElectionLayout.mesosMasters(path: "/mesos")
        #expect(
            mesos.candidates(among: ["json.info_0000000012", "log_replicas", "json.info_0000000003"]) == [
                "json.info_0000000003", "json.info_0000000012",
            ])
        let latch = ElectionLayout.latch(parent: "/m/leader-curator")
        #expect(
            latch.candidates(among: ["_c_a-latch-0000000012", "_c_z-latch-0000000003", "x"]) == [
                "_c_z-latch-0000000003", "_c_a-latch-0000000012",
            ])
    }
}
