using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>
/// What the library would have done in the place of the paper's processes: ledgers that have seen the same history, an agent for each of a few silos, and the coordinator. Its messages
/// are delivered in random order, and nothing else happens meanwhile.
/// </summary>
internal sealed class LibraryRollback
{
    private static readonly SiloId LostSilo = new(100);

    private readonly Random _random;
    private readonly RollbackOutcome _paper;
    private readonly RollbackCoordinator _coordinator = new(default, epoch: 1, patience: int.MaxValue);
    private readonly ImmutableDictionary<SiloId, RollbackAgent> _agents;
    private readonly Dictionary<ParticipantId, Member> _members = [];
    private readonly List<Action> _inFlight = [];
    private readonly SortedSet<ProcessName> _rolledBack = [];
    private RequestedRollbackOutcome? _answer;

    /// <param name="paper">Where the paper's processes began, and what became of them.</param>
    /// <param name="seed">For the order of messages.</param>
    public LibraryRollback(RollbackOutcome paper, int seed)
    {
        _paper = paper;
        _random = new Random(seed);
        _agents = Enumerable.Range(1, 3).Select(number => new SiloId((ulong)number)).ToImmutableDictionary(silo => silo, silo => new RollbackAgent(silo));
        foreach (var (process, ledger) in Replay())
        {
            Add(process, ledger);
        }

        Perform(_coordinator.OnSilos([.. _agents.Keys]));
        RunUntilDry();
    }

    private bool HasFailed => _paper.Observations.OfType<ProcessFailed>().Any();

    /// <summary>The paper's initiator has failed: its life is lost with a silo of its own, and the next one begins at its permanent checkpoint.</summary>
    /// <returns>Who goes back to its permanent checkpoint.</returns>
    public ImmutableSortedSet<ProcessName> Lose()
    {
        _rolledBack.Add(_paper.Initiator);
        foreach (var agent in _agents.Values)
        {
            agent.OnSiloGone(LostSilo);
            var suspects = _members.Values.Where(member => member.Agent == agent).SelectMany(member => agent.SuspectsIn(member.Ledger)).ToImmutableArray();
            if (!suspects.IsEmpty)
            {
                _inFlight.Add(() => Perform(_coordinator.OnMessage(new SuspectsReported(suspects))));
            }
        }

        RunUntilDry();
        return [.. _rolledBack];
    }

    /// <summary>The paper's initiator is asked to roll back.</summary>
    /// <returns>Who goes back, or would; null if somebody does not want to.</returns>
    public ImmutableSortedSet<ProcessName>? RollBack(bool isDryRun)
    {
        var request = new Guid(isDryRun ? 1 : 2, 0, 0, new byte[8]);
        _answer = null;
        Perform(_coordinator.OnRollBackRequested(request, ParticipantId.Named(_paper.Initiator.ToString()), isDryRun));
        RunUntilDry();
        Assert.NotNull(_answer);
        return !_answer.IsDecided ? null
            : isDryRun ? [.. _answer.Members.Select(member => new ProcessName(member.End.Life.Participant.ToString()))]
            : [.. _rolledBack];
    }

    /// <summary>A ledger for each process, which has sent and received what that one has, and has been checkpointed where that one was.</summary>
    private Dictionary<ProcessName, Ledger> Replay()
    {
        var ledgers = _paper.Trace.Processes.ToDictionary(process => process, process => new Ledger(LifeOf(process), CheckpointMark.Initial));
        var happened = _paper.Trace.Processes.ToDictionary(process => process, static _ => 0);
        var stamps = new Dictionary<MessageName, MessageStamp>();
        foreach (var process in _paper.Trace.Processes)
        {
            CheckpointIfDue(process);
        }

        foreach (var happening in _paper.Trace.Events)
        {
            switch (happening)
            {
                case SendEvent send:
                    stamps.Add(send.Message.Name, ledgers[send.Process].Send());
                    break;
                case ReceiveEvent receipt:
                    ledgers[receipt.Process].Receive(stamps[receipt.Message]);
                    break;
            }

            happened[happening.Process]++;
            CheckpointIfDue(happening.Process);
        }

        return ledgers;

        void CheckpointIfDue(ProcessName process)
        {
            if (happened[process] == _paper.Permanent[process])
            {
                ledgers[process].TakeTentative();
                ledgers[process].MakePermanent();
            }
        }
    }

    private void Add(ProcessName process, Ledger ledger)
    {
        if (IsLost(process))
        {
            ledger = new Ledger(new Life(ledger.Life.Participant, new Incarnation(2, new Guid(process.ToString()[0], 2, 0, new byte[8])), _agents.Keys.First()), ledger.PermanentMark);
        }

        var agent = _agents[ledger.Life.Silo];
        var checkpoint = new CheckpointParticipant(ledger, default);
        var forced = new RollbackParticipant(ledger, checkpoint, agent.Undone);
        _members.Add(ledger.Life.Participant, new Member(process, ledger, agent, forced, new RequestedRollbackMember(ledger, checkpoint, forced, agent.Undone, Guid.NewGuid)));
    }

    private bool IsLost(ProcessName process) => HasFailed && process == _paper.Initiator;

    private Life LifeOf(ProcessName process) => new(
        ParticipantId.Named(process.ToString()),
        new Incarnation(1, new Guid(process.ToString()[0], 1, 0, new byte[8])),
        IsLost(process) ? LostSilo : _agents.Keys.ElementAt(_random.Next(_agents.Count)));

    private void RunUntilDry()
    {
        for (var step = 0; _inFlight.Count > 0 || _coordinator.IsBusy; step++)
        {
            Assert.True(step < 10_000, "the rollback of the library does not end");
            if (_inFlight.Count == 0)
            {
                // Facts that overtook each other.
                Perform(_coordinator.OnResendDue());
                continue;
            }

            var next = _inFlight[_random.Next(_inFlight.Count)];
            _inFlight.Remove(next);
            next();
        }
    }

    private void Perform(ImmutableArray<RollbackEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case TellParticipant tell:
                    var member = _members[tell.To];
                    _inFlight.Add(() => Perform(member, Receive(member, tell.Message)));
                    break;
                case TellAgent tell:
                    _inFlight.Add(() => Install(_agents[tell.To], tell.Message));
                    break;
                case TellAgentToTest tell:
                    _inFlight.Add(() => Answer(_agents[tell.To].OnTested(
                        tell.Message, MembersOf(_agents[tell.To]).Select(member => RollbackAgent.Test(tell.Message, member.Ledger)).OfType<WouldBeOrphan>())));
                    break;
                case PauseRounds pause:
                    _inFlight.Add(() => Perform(_coordinator.OnRoundsPaused(pause.Request)));
                    break;
                case RollbackRequestEnded ended:
                    _answer = ended.Outcome;
                    break;
                case RollbackAlgorithm.RollbackDecided decided:
                    _rolledBack.UnionWith(decided.Lives.Select(end => new ProcessName(end.Life.Participant.ToString())));
                    break;
            }
        }
    }

    private IEnumerable<Member> MembersOf(RollbackAgent agent) => _members.Values.Where(member => member.Agent == agent);

    private void Install(RollbackAgent agent, InstallEnds install)
    {
        var position = Assert.NotNull(agent.OnInstallEnds(install));
        Answer(agent.OnTested(install, position, [.. MembersOf(agent).Where(member => member.Ledger.IsOrphan(agent.Undone)).Select(member => member.Ledger.Life)]));
    }

    private ImmutableArray<ParticipantEffect> Receive(Member member, ToRollbackParticipant message) => message switch
    {
        AskLife ask => member.Forced.OnAskLife(ask),
        RollbackAlgorithm.PrepareToRollBack prepare => member.Forced.OnPrepareToRollBack(prepare),
        RollbackAlgorithm.RollBack rollBack => member.Forced.OnRollBack(rollBack),
        AskToRollBack ask => member.Requested.OnAskToRollBack(ask, !_paper.Unwilling.Contains(member.Process), quiescent: true),
        HoldForRollBack hold => member.Requested.OnHoldForRollBack(hold, quiescent: true),
        RollBackAsAsked rollBack => member.Requested.OnRollBackAsAsked(rollBack),
        DoNotRollBack doNot => member.Requested.OnDoNotRollBack(doNot),
        _ => throw new InvalidOperationException($"{message} is no message to a participant."),
    };

    private void Perform(Member member, ImmutableArray<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SendToRollbackCoordinator send:
                    Answer(send.Message);
                    break;
                case ReplaceActivation:
                    Answer(new RollbackAlgorithm.RolledBack(member.Ledger.Life));
                    break;
                case WriteFence:
                    _inFlight.Add(() => Perform(member, member.Forced.OnFenced(FenceOutcome.Stored)));
                    break;
            }
        }
    }

    private void Answer(ToRollbackCoordinator message) => _inFlight.Add(() => Perform(_coordinator.OnMessage(message)));

    private sealed record Member(ProcessName Process, Ledger Ledger, RollbackAgent Agent, RollbackParticipant Forced, RequestedRollbackMember Requested);
}
