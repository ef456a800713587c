using System.Globalization;
using System.Text;

namespace Checkpointing.Simulation.Tests.Faults;

/// <summary>Faults × steps, as printed at the end of a run.</summary>
internal static class FaultTable
{
    public static string Text(FaultCounts counts)
    {
        var text = new StringBuilder($"{"",-24}");
        foreach (var step in Enum.GetValues<StepOfRound>())
        {
            text.Append(CultureInfo.InvariantCulture, $"{step,9}");
        }

        text.AppendLine();
        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            text.Append(CultureInfo.InvariantCulture, $"{kind,-24}");
            foreach (var step in Enum.GetValues<StepOfRound>())
            {
                text.Append(CultureInfo.InvariantCulture, $"{counts[kind, step],9}");
            }

            text.AppendLine();
        }

        return text.ToString();
    }
}
