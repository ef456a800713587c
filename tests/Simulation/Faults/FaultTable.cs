using System.Globalization;
using System.Text;

namespace Checkpointing.Simulation.Tests.Faults;

/// <summary>Faults × steps, as printed at the end of a run.</summary>
internal static class FaultTable
{
    private const string SlotsOnly = "outside rollbacks a slot is written in Storing and Proving only, and counted there";
    private const string RecordOnly = "the record is written when a coordinator starts or decides only; when it drops what is proven it counts as deciding";

    /// <summary>Why this fault cannot hit this step, or null if it can.</summary>
    public static string? Impossible(FaultKind kind, StepOfRound step) => (kind, step) switch
    {
        (FaultKind.CleanRestart, StepOfRound.Draining) => "a handler is active or a call outstanding: nothing is deactivated then",
        (FaultKind.CleanRestart, StepOfRound.Snapped or StepOfRound.Storing or StepOfRound.InDoubt) => "an undecided tentative checkpoint: not clean",
        ( >= FaultKind.StorageSlow and <= FaultKind.StorageLandsLate, < StepOfRound.Starting) when step is not (StepOfRound.Storing or StepOfRound.Proving) => SlotsOnly,
        ( >= FaultKind.StorageSlow and <= FaultKind.StorageLandsLate, >= StepOfRound.Starting and <= StepOfRound.Spread) when step is not (StepOfRound.Starting or StepOfRound.Decide) => RecordOnly,
        (FaultKind.Move, > StepOfRound.Idle and < StepOfRound.Starting) => "a grain in a round stays where it is",
        (FaultKind.Move, StepOfRound.Fencing or StepOfRound.AwaitingDecision or StepOfRound.ReadyToRollBack) => "a grain in a rollback stays where it is",
        ( >= FaultKind.StorageSlow and <= FaultKind.StorageUnknownNotLanded, StepOfRound.Moving) => "whoever leaves first awaits its own writes",
        (FaultKind.Move or FaultKind.CleanRestart, StepOfRound.Moving) => "it is on its way already",
        (FaultKind.Move or FaultKind.CleanRestart, StepOfRound.DrainingToRollBack or StepOfRound.Held) => "a grain in a rollback stays where it is",
        (FaultKind.CleanRestart, StepOfRound.Fencing or StepOfRound.Proving) => "whoever leaves first awaits its own writes",
        (FaultKind.CleanRestart, StepOfRound.AwaitingDecision or StepOfRound.ReadyToRollBack) => "an orphan is not clean",
        _ => null,
    };

    /// <summary>The cells that were hit less often than they must be.</summary>
    public static IEnumerable<string> TooRare(FaultCounts counts, int least, bool silosDie) =>
        from kind in Enum.GetValues<FaultKind>()
        from step in Enum.GetValues<StepOfRound>()
        where silosDie == (kind >= FaultKind.SiloDeath || step >= StepOfRound.Fencing)
        where Impossible(kind, step) is null && counts[kind, step] < least
        select $"{kind} in {step}: {counts[kind, step]}";

    public static IEnumerable<string> Violated(FaultCounts counts) =>
        from kind in Enum.GetValues<FaultKind>()
        from step in Enum.GetValues<StepOfRound>()
        where Impossible(kind, step) is not null && counts[kind, step] > 0
        select $"{kind} in {step} was held to be impossible: {Impossible(kind, step)}";

    public static string Text(FaultCounts counts)
    {
        var text = new StringBuilder($"{"",-24}");
        foreach (var step in Enum.GetValues<StepOfRound>())
        {
            text.Append(Cell(step, step.ToString()));
        }

        text.AppendLine();
        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            text.Append(CultureInfo.InvariantCulture, $"{kind,-24}");
            foreach (var step in Enum.GetValues<StepOfRound>())
            {
                text.Append(Cell(step, Impossible(kind, step) is null ? counts[kind, step].ToString(CultureInfo.InvariantCulture) : "-"));
            }

            text.AppendLine();
        }

        foreach (var reason in from kind in Enum.GetValues<FaultKind>() from step in Enum.GetValues<StepOfRound>() let why = Impossible(kind, step) where why is not null group (kind, step) by why)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- : {reason.Key} ({reason.Count()} cells)");
        }

        return text.ToString();
    }

    private static string Cell(StepOfRound step, string content) => content.PadLeft(Math.Max(7, step.ToString().Length) + 1);
}
