using System.Diagnostics.CodeAnalysis;
using Orleans.Storage;

namespace Checkpointing.TestKit;

/// <summary>A storage under one rule: hands out new records and raises violations of that rule.</summary>
internal sealed class JudgedStorage(IGrainStorage storage, GrainStorageConformanceRule rule, CancellationToken stop)
{
    // Records of different checks must not meet, also when a store outlives the run.
    private readonly string _prefix = Guid.NewGuid().ToString("N");
    private int _records;

    public IGrainStorage Storage => storage;

    public CancellationToken Stop => stop;

    public RecordUnderTest NewRecord() => Record("state", GrainId.Create("conformance", UniqueKey()));

    public RecordUnderTest Record(string stateName, GrainId grainId) => new(this, stateName, grainId);

    public string UniqueKey() => $"{_prefix}-{Interlocked.Increment(ref _records)}";

    public void Require([DoesNotReturnIf(false)] bool holds, string otherwise)
    {
        if (!holds)
            throw Broken(otherwise);
    }

    public ConformanceViolationException Broken(string observation, Exception? cause = null) =>
        new(rule.Name, rule.Requirement, $"{observation}.", cause);
}
