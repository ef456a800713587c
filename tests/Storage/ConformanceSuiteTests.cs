using System.Reflection;
using Checkpointing.TestKit;

namespace Checkpointing.Storage.Tests;

/// <summary>The judge is judged: a storage that breaks one rule is found out by that rule.</summary>
public sealed class ConformanceSuiteTests
{
    public static IEnumerable<TheoryDataRow<string>> Rules => GrainStorageConformance.Rules.Select(rule => new TheoryDataRow<string>(rule.Name));

    [Theory, MemberData(nameof(Rules))]
    public async Task A_storage_that_breaks_the_rule_is_reported(string rule)
    {
        var violation = await Assert.ThrowsAsync<ConformanceViolationException>(
            () => GrainStorageConformance.Rule(rule).Check(new BrokenStorage(rule), TestContext.Current.CancellationToken));
        Assert.Equal(rule, violation.Rule);
        Assert.Contains(rule, violation.Message, StringComparison.Ordinal);
        Assert.Contains(GrainStorageConformance.Rule(rule).Requirement, violation.Message, StringComparison.Ordinal);
        Assert.NotEmpty(violation.Observation);
    }

    [Theory, MemberData(nameof(Rules))]
    public Task A_storage_that_keeps_the_rule_passes(string rule) =>
        GrainStorageConformance.Rule(rule).Check(new BrokenStorage(brokenRule: null), TestContext.Current.CancellationToken);

    [Fact]
    public void Every_rule_has_its_own_public_method()
    {
        var methods = typeof(GrainStorageConformance).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly);
        Assert.Equal(GrainStorageConformance.Rules.Select(rule => rule.Name).Order(StringComparer.Ordinal), methods.Select(method => method.Name).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Rules))]
    public async Task The_method_of_a_rule_checks_that_rule(string rule)
    {
        var suite = new GrainStorageConformance(new BrokenStorage(rule));
        var method = typeof(GrainStorageConformance).GetMethod(rule)!.CreateDelegate<Func<CancellationToken, Task>>(suite);
        var violation = await Assert.ThrowsAsync<ConformanceViolationException>(() => method(TestContext.Current.CancellationToken));
        Assert.Equal(rule, violation.Rule);
    }
}
