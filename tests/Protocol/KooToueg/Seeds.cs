using System.Globalization;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>The seeds of a random test: a fixed range, ten times as long with CHECKPOINTING_SOAK=1, or the one in the environment variable CHECKPOINTING_SEED.</summary>
internal static class Seeds
{
    private const string Variable = "CHECKPOINTING_SEED";

    private static int LongerBy => Environment.GetEnvironmentVariable("CHECKPOINTING_SOAK") == "1" ? 10 : 1;

    public static bool IsReplay => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    public static IEnumerable<int> UpTo(int count)
        => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } seed ? [int.Parse(seed, CultureInfo.InvariantCulture)] : Enumerable.Range(1, count * LongerBy);

    /// <summary>What to type to see one seed again.</summary>
    public static string Replay(int seed, string testClass, string test)
        => $"Replay: {Variable}={seed} dotnet test --project tests/Protocol --filter-method \"*{testClass}.{test}\"";
}
