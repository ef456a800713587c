using System.Runtime.CompilerServices;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

/// <summary>Algorithm R with one rule wrong.</summary>
internal static class RollbackMutantRules
{
    public static readonly Rules EmptyLastLabelSentIsTop = Steps((process, everybody, network, log) => new EmptyLastLabelSentIsTop(process, everybody, network, log));

    public static readonly Rules LastLabelReceivedInsteadOfSent =
        Steps((process, everybody, network, log) => new LastLabelReceivedInsteadOfSent(process, everybody, network, log));

    public static readonly Rules WatermarkInsteadOfLastLabelSent =
        Steps((process, everybody, network, log) => new WatermarkInsteadOfLastLabelSent(process, everybody, network, log));

    public static readonly Rules RollsBackOnEqualLabels = Steps((process, everybody, network, log) => new RollsBackOnEqualLabels(process, everybody, network, log));

    public static readonly Rules RollsBackWhoeverIsAsked = Steps((process, everybody, network, log) => new RollsBackWhoeverIsAsked(process, everybody, network, log));

    public static readonly Rules NoReadyGuard = Steps((process, everybody, network, log) => new NoReadyGuard(process, everybody, network, log));

    public static readonly Rules ReadyOnlyOnce = Steps((process, everybody, network, log) => new ReadyOnlyOnce(process, everybody, network, log));

    public static readonly Rules AsksTheSenders = Steps((process, everybody, network, log) => new AsksTheSenders(process, everybody, network, log));

    public static readonly Rules AsksTheRememberedReceivers =
        Steps((process, everybody, network, log) => new AsksTheRememberedReceivers(process, everybody, network, log));

    public static readonly Rules UnguardedRollBack = Steps((process, everybody, network, log) => new UnguardedRollBack(process, everybody, network, log));

    public static readonly Rules OnePhase = Steps((process, everybody, network, log) => new OnePhase(process, everybody, network, log));

    public static readonly Rules VotesForItselfAlone = Steps((process, everybody, network, log) => new VotesForItselfAlone(process, everybody, network, log));

    public static readonly Rules DoesNotForward = Steps((process, everybody, network, log) => new DoesNotForward(process, everybody, network, log));

    public static readonly Rules DoesNotAwaitTheDecision =
        Steps((process, everybody, network, log) => new DoesNotAwaitTheDecision(process, everybody, network, log));

    public static readonly Rules StaysInTheRound = Steps((process, everybody, network, log) => new StaysInTheRound(process, everybody, network, log));

    public static readonly Rules CheckpointsWhileFrozen = Steps((process, everybody, network, log) => new CheckpointsWhileFrozen(process, everybody, network, log));

    public static readonly Rules ReceiptsSurviveTheRollback = Books(() => new ReceiptsSurviveTheRollback());

    public static readonly Rules SendsSurviveTheRollback = Books(() => new SendsSurviveTheRollback());

    public static readonly Rules OnlyPermanentCheckpoints =
        new(nameof(OnlyPermanentCheckpoints), (id, _, network, log) => new OnlyPermanentCheckpoints(id, network, log, new Bookkeeping()));

    private static Rules Steps(CreateRollbackMember create, [CallerMemberName] string name = "") => Rules.Literal with { Name = name, CreateRollbackMember = create };

    private static Rules Books(Func<Bookkeeping> bookkeeping, [CallerMemberName] string name = "")
        => new(name, (id, _, network, observations) => new Process(id, network, observations, bookkeeping()));
}
