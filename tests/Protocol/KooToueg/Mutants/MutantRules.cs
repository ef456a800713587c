using System.Runtime.CompilerServices;

namespace Checkpointing.Protocol.Tests.KooToueg.Mutants;

/// <summary>Algorithm C with one rule wrong.</summary>
internal static class MutantRules
{
    public static readonly Rules LastLabelReceivedClearedAtCommit = Books(() => new LastLabelReceivedClearedAtCommit());

    public static readonly Rules UndoDoesNotRestore = Books(() => new UndoDoesNotRestore());

    public static readonly Rules UndoDoesNotRestoreFirstLabelSent = Books(() => new UndoDoesNotRestoreFirstLabelSent());

    public static readonly Rules UndoDoesNotRestoreLastLabelReceived = Books(() => new UndoDoesNotRestoreLastLabelReceived());

    public static readonly Rules UndoForgetsLaterReceipts = Books(() => new UndoForgetsLaterReceipts());

    /// <summary>Alone without effect, because a second guard holds: at most one tentative checkpoint in a round.</summary>
    public static readonly Rules FirstLabelSentResetAtCommit = Books(() => new FirstLabelSentResetAtCommit());

    /// <summary>Alone without effect, because a second guard holds: first_smsg is empty while a checkpoint is tentative.</summary>
    public static readonly Rules NoGuardAgainstASecondTentative =
        Steps((id, _, network, log) => new NoGuardAgainstASecondTentative(id, network, log, new Bookkeeping()));

    /// <summary>Both guards gone.</summary>
    public static readonly Rules FirstLabelSentResetAtCommitAndNoGuard =
        Steps((id, _, network, log) => new NoGuardAgainstASecondTentative(id, network, log, new FirstLabelSentResetAtCommit()));

    public static readonly Rules StrictComparison = Steps((id, _, network, log) => new StrictComparison(id, network, log, new Bookkeeping()));

    public static readonly Rules NoBottomGuard = Steps((id, _, network, log) => new NoBottomGuard(id, network, log, new Bookkeeping()));

    public static readonly Rules EmptyLastLabelReceivedIsTop =
        Steps((id, everybody, network, log) => new EmptyLastLabelReceivedIsTop(id, network, log, new Bookkeeping(), everybody));

    public static readonly Rules SendsWhileTentative = Steps((id, _, network, log) => new SendsWhileTentative(id, network, log, new Bookkeeping()));

    public static readonly Rules UnwillingKillsTheRound = Steps((id, _, network, log) => new UnwillingKillsTheRound(id, network, log, new Bookkeeping()));

    public static readonly Rules UnwillingForEver = Steps((id, _, network, log) => new UnwillingForEver(id, network, log, new Bookkeeping()));

    public static readonly Rules UnguardedDecision = Steps((id, _, network, log) => new UnguardedDecision(id, network, log, new Bookkeeping()));

    public static readonly Rules CohortNotFrozen = Steps((id, _, network, log) => new CohortNotFrozen(id, network, log, new Bookkeeping()));

    public static readonly Rules SecondTakeWaitsForTheVote = Steps((id, _, network, log) => new SecondTakeWaitsForTheVote(id, network, log, new Bookkeeping()));

    public static readonly Rules JoinsAFinishedRound = Steps((id, _, network, log) => new JoinsAFinishedRound(id, network, log, new Bookkeeping()));

    private static Rules Books(Func<Bookkeeping> bookkeeping, [CallerMemberName] string name = "")
        => new(name, (id, _, network, observations) => new Process(id, network, observations, bookkeeping()));

    private static Rules Steps(CreateProcess create, [CallerMemberName] string name = "")
        => new(name, create);
}
