namespace Checkpointing.Models.Tests;

/// <summary>
/// models/rollback.pml and each of its variants, through the model checker: the rules as they are keep every property, and a variant that
/// breaks one of them has the counterexample that variants.txt says. Skipped where spin is not installed.
/// </summary>
public sealed class RollbackModelTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan DeepLimit = TimeSpan.FromMinutes(30);

    public static TheoryData<string> Variants => [.. ModelCheck.Variants()];

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Variant_has_the_expected_result(string name)
    {
        var result = await ModelCheck.Run(name, Limit, TestContext.Current.CancellationToken);
        output.WriteLine(result.Output);
        Assert.SkipWhen(result.ToolIsMissing, result.Output);
        Assert.True(result.IsAsExpected, result.Output);
    }

    /// <summary>More of everything: minutes and gigabytes, so only with CHECKPOINTING_SOAK=1, as <c>.ci/run --soak</c> sets it.</summary>
    [Fact]
    public async Task The_rules_hold_in_the_deep_variants_too()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CHECKPOINTING_SOAK") == "1", "Set CHECKPOINTING_SOAK=1 to check the deep variants.");
        var result = await ModelCheck.Run("--deep", DeepLimit, TestContext.Current.CancellationToken);
        output.WriteLine(result.Output);
        Assert.SkipWhen(result.ToolIsMissing, result.Output);
        Assert.True(result.IsAsExpected, result.Output);
    }

    [Fact]
    public void Every_switch_of_the_model_is_tried_by_a_variant()
        => Assert.Equal(ModelCheck.Switches().Order(StringComparer.Ordinal), ModelCheck.Flags().Where(flag => flag != "NP" && !flag.Contains('=', StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    /// <summary>The script itself: a variant that is not there is an error, not a silent success.</summary>
    [Fact]
    public async Task Unknown_variant_is_an_error()
    {
        var result = await ModelCheck.Run("no-such-variant", Limit, TestContext.Current.CancellationToken);
        Assert.SkipWhen(result.ToolIsMissing, result.Output);
        Assert.False(result.IsAsExpected, result.Output);
    }
}
