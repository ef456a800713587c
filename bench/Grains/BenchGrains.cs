using System.Globalization;

namespace Checkpointing.Bench.Grains;

/// <summary>Ids of the grains by class and number.</summary>
internal static class BenchGrains
{
    // Ids are made once: making them is no part of what is measured.
    private static readonly string[] Keys = [.. Enumerable.Range(0, 4096).Select(number => number.ToString(CultureInfo.InvariantCulture))];

    public static GrainId Id(GrainType type, int number) => GrainId.Create(type, IdSpan.Create(Keys[number]));
}
