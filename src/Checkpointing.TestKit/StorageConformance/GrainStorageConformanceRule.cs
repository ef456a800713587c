using Orleans.Storage;

namespace Checkpointing.TestKit;

/// <summary>One rule that grain storage must keep.</summary>
public sealed class GrainStorageConformanceRule
{
    private readonly Func<JudgedStorage, Task> _check;

    internal GrainStorageConformanceRule(string name, string requirement, Func<JudgedStorage, Task> check)
    {
        Name = name;
        Requirement = requirement;
        _check = check;
    }

    /// <summary>The name of the rule, which is the name of its method on <see cref="GrainStorageConformance"/>.</summary>
    public string Name { get; }

    /// <summary>What the rule requires.</summary>
    public string Requirement { get; }

    /// <summary>Checks this rule with new records; nothing else in the storage is touched.</summary>
    /// <param name="storage">The storage to judge.</param>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <returns>A task that completes when the rule is found to hold.</returns>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task Check(IGrainStorage storage, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(storage);
        return _check(new JudgedStorage(storage, this, cancellationToken));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
