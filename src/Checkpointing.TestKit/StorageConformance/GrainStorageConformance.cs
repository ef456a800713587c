using Orleans.Storage;

namespace Checkpointing.TestKit;

/// <summary>
/// Checks that an <see cref="IGrainStorage"/> keeps the rules that consistent checkpoints rest on. One method per rule;
/// <see cref="Rules"/> lists them. Independent of any test framework.
/// </summary>
/// <remarks>
/// Every check uses new records under random names and leaves some of them behind. Checks may run at the same time.
/// <example>
/// With xunit:
/// <code>
/// public static IEnumerable&lt;TheoryDataRow&lt;string&gt;&gt; Rules => GrainStorageConformance.Rules.Select(rule => new TheoryDataRow&lt;string&gt;(rule.Name));
///
/// [Theory, MemberData(nameof(Rules))]
/// public Task Conforms(string rule) => GrainStorageConformance.Rule(rule).Check(storage);
/// </code>
/// </example>
/// </remarks>
/// <param name="storage">The storage to judge, ready for use.</param>
public sealed class GrainStorageConformance(IGrainStorage storage)
{
    /// <summary>All rules, in the order in which they are best read.</summary>
    public static IReadOnlyList<GrainStorageConformanceRule> Rules { get; } =
    [
        new(nameof(MissingRecordReadsAsAbsent), "A read of a record that was never written gives RecordExists = false, a null ETag and a new state object.", ReadAndWriteRules.MissingRecordReadsAsAbsent),
        new(nameof(WrittenStateIsReadBack), "What was written is read back, with the ETag that the write gave, and RecordExists = true.", ReadAndWriteRules.WrittenStateIsReadBack),
        new(nameof(LargeStateIsReadBack), "A state of 5 MB is stored like any other.", ReadAndWriteRules.LargeStateIsReadBack),
        new(nameof(StoredStateIsACopy), "Objects that were written or read are the caller's: changing them does not change the storage.", ReadAndWriteRules.StoredStateIsACopy),
        new(nameof(EveryWriteChangesTheETag), "Every write gives a new ETag, also when the state is the same.", ETagRules.EveryWriteChangesTheETag),
        new(nameof(StaleETagIsRejected), "A write with an ETag that is not the stored one throws InconsistentStateException; record and caller's ETag stay.", ETagRules.StaleETagIsRejected),
        new(nameof(NullETagOverExistingRecordIsRejected), "A write with a null ETag over a record that exists throws InconsistentStateException; the record stays.", ETagRules.NullETagOverExistingRecordIsRejected),
        new(nameof(ETagOverMissingRecordIsRejected), "A write with an ETag over a record that does not exist throws InconsistentStateException; nothing is created.", ETagRules.ETagOverMissingRecordIsRejected),
        new(nameof(AnyGrainIdIsAKey), "Any GrainId is a key, also one of no grain class, with spaces, quotes, slashes or letters of any script.", KeyRules.AnyGrainIdIsAKey),
        new(nameof(AnyStateNameIsAKey), "Any state name is a key, whatever characters it holds.", KeyRules.AnyStateNameIsAKey),
        new(nameof(DifferentRecordsAreKeptApart), "Records that differ in state name, grain type or grain key do not touch each other.", KeyRules.DifferentRecordsAreKeptApart),
        new(nameof(KeysThatDifferOnlyInCaseAreKeptApart), "Upper and lower case make different keys.", KeyRules.KeysThatDifferOnlyInCaseAreKeptApart),
        new(nameof(KeysThatDifferOnlyInPartingAreKeptApart), "State 'a/b' of grain c/1 and state 'a' of grain b/c/1 are different records.", KeyRules.KeysThatDifferOnlyInPartingAreKeptApart),
        new(nameof(ClearedRecordReadsAsAbsent), "After a clear, the record reads as absent and its caller's RecordExists is false.", ClearRules.ClearedRecordReadsAsAbsent),
        new(nameof(ClearWithStaleETagIsRejected), "A clear with an ETag that is not the stored one throws InconsistentStateException; the record stays.", ClearRules.ClearWithStaleETagIsRejected),
        new(nameof(ClearedRecordCanBeWrittenAgain), "After a clear, a write with the ETag that the clear left creates the record again.", ClearRules.ClearedRecordCanBeWrittenAgain),
        new(nameof(ETagFromBeforeAClearIsRejected), "An ETag from before a clear is stale for ever, also once the record exists again.", ClearRules.ETagFromBeforeAClearIsRejected),
        new(nameof(OneOfManyConcurrentCreatorsWins), "Of many concurrent first writes of a record, one goes through, the others throw InconsistentStateException.", ConcurrencyRules.OneOfManyConcurrentCreatorsWins),
        new(nameof(OneOfManyConcurrentWritersWins), "Of many concurrent writes with the same ETag, one goes through, the others throw InconsistentStateException.", ConcurrencyRules.OneOfManyConcurrentWritersWins),
        new(nameof(ManyRecordsAtOnceDoNotDisturbEachOther), "Many records written and read at the same time each read back as written.", ConcurrencyRules.ManyRecordsAtOnceDoNotDisturbEachOther),
        new(nameof(OperationsTakeACancellationToken), "The overloads with a token that is not cancelled do what the others do.", CancellationRules.OperationsTakeACancellationToken),
        new(nameof(CancelledWriteIsAllOrNothing), "With a cancelled token a write or clear either succeeds, or throws OperationCanceledException and changes nothing.", CancellationRules.CancelledWriteIsAllOrNothing),
    ];

    /// <summary>Finds a rule.</summary>
    /// <param name="name">The name of the rule.</param>
    /// <returns>The rule of that name.</returns>
    /// <exception cref="ArgumentException">There is no such rule.</exception>
    public static GrainStorageConformanceRule Rule(string name) =>
        Rules.FirstOrDefault(rule => string.Equals(rule.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"There is no conformance rule '{name}'.", nameof(name));

    /// <summary>A read of a record that was never written gives RecordExists = false, a null ETag and a new state object.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task MissingRecordReadsAsAbsent(CancellationToken cancellationToken = default) => Check(nameof(MissingRecordReadsAsAbsent), cancellationToken);

    /// <summary>What was written is read back, with the ETag that the write gave, and RecordExists = true.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task WrittenStateIsReadBack(CancellationToken cancellationToken = default) => Check(nameof(WrittenStateIsReadBack), cancellationToken);

    /// <summary>A state of 5 MB is stored like any other.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task LargeStateIsReadBack(CancellationToken cancellationToken = default) => Check(nameof(LargeStateIsReadBack), cancellationToken);

    /// <summary>Objects that were written or read are the caller's: changing them does not change the storage.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task StoredStateIsACopy(CancellationToken cancellationToken = default) => Check(nameof(StoredStateIsACopy), cancellationToken);

    /// <summary>Every write gives a new ETag, also when the state is the same.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task EveryWriteChangesTheETag(CancellationToken cancellationToken = default) => Check(nameof(EveryWriteChangesTheETag), cancellationToken);

    /// <summary>A write with an ETag that is not the stored one throws InconsistentStateException; record and caller's ETag stay.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task StaleETagIsRejected(CancellationToken cancellationToken = default) => Check(nameof(StaleETagIsRejected), cancellationToken);

    /// <summary>A write with a null ETag over a record that exists throws InconsistentStateException; the record stays.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task NullETagOverExistingRecordIsRejected(CancellationToken cancellationToken = default) => Check(nameof(NullETagOverExistingRecordIsRejected), cancellationToken);

    /// <summary>A write with an ETag over a record that does not exist throws InconsistentStateException; nothing is created.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task ETagOverMissingRecordIsRejected(CancellationToken cancellationToken = default) => Check(nameof(ETagOverMissingRecordIsRejected), cancellationToken);

    /// <summary>Any GrainId is a key, also one of no grain class, with spaces, quotes, slashes or letters of any script.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task AnyGrainIdIsAKey(CancellationToken cancellationToken = default) => Check(nameof(AnyGrainIdIsAKey), cancellationToken);

    /// <summary>Any state name is a key, whatever characters it holds.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task AnyStateNameIsAKey(CancellationToken cancellationToken = default) => Check(nameof(AnyStateNameIsAKey), cancellationToken);

    /// <summary>Records that differ in state name, grain type or grain key do not touch each other.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task DifferentRecordsAreKeptApart(CancellationToken cancellationToken = default) => Check(nameof(DifferentRecordsAreKeptApart), cancellationToken);

    /// <summary>Upper and lower case make different keys.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task KeysThatDifferOnlyInCaseAreKeptApart(CancellationToken cancellationToken = default) => Check(nameof(KeysThatDifferOnlyInCaseAreKeptApart), cancellationToken);

    /// <summary>State 'a/b' of grain c/1 and state 'a' of grain b/c/1 are different records.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task KeysThatDifferOnlyInPartingAreKeptApart(CancellationToken cancellationToken = default) => Check(nameof(KeysThatDifferOnlyInPartingAreKeptApart), cancellationToken);

    /// <summary>After a clear, the record reads as absent and its caller's RecordExists is false.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task ClearedRecordReadsAsAbsent(CancellationToken cancellationToken = default) => Check(nameof(ClearedRecordReadsAsAbsent), cancellationToken);

    /// <summary>A clear with an ETag that is not the stored one throws InconsistentStateException; the record stays.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task ClearWithStaleETagIsRejected(CancellationToken cancellationToken = default) => Check(nameof(ClearWithStaleETagIsRejected), cancellationToken);

    /// <summary>After a clear, a write with the ETag that the clear left creates the record again.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task ClearedRecordCanBeWrittenAgain(CancellationToken cancellationToken = default) => Check(nameof(ClearedRecordCanBeWrittenAgain), cancellationToken);

    /// <summary>An ETag from before a clear is stale for ever, also once the record exists again.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task ETagFromBeforeAClearIsRejected(CancellationToken cancellationToken = default) => Check(nameof(ETagFromBeforeAClearIsRejected), cancellationToken);

    /// <summary>Of many concurrent first writes of a record, one goes through, the others throw InconsistentStateException.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task OneOfManyConcurrentCreatorsWins(CancellationToken cancellationToken = default) => Check(nameof(OneOfManyConcurrentCreatorsWins), cancellationToken);

    /// <summary>Of many concurrent writes with the same ETag, one goes through, the others throw InconsistentStateException.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task OneOfManyConcurrentWritersWins(CancellationToken cancellationToken = default) => Check(nameof(OneOfManyConcurrentWritersWins), cancellationToken);

    /// <summary>Many records written and read at the same time each read back as written.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task ManyRecordsAtOnceDoNotDisturbEachOther(CancellationToken cancellationToken = default) => Check(nameof(ManyRecordsAtOnceDoNotDisturbEachOther), cancellationToken);

    /// <summary>The overloads with a token that is not cancelled do what the others do.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task OperationsTakeACancellationToken(CancellationToken cancellationToken = default) => Check(nameof(OperationsTakeACancellationToken), cancellationToken);

    /// <summary>With a cancelled token a write or clear either succeeds, or throws OperationCanceledException and changes nothing.</summary>
    /// <param name="cancellationToken">Ends the check early, between two operations.</param>
    /// <exception cref="ConformanceViolationException">The storage breaks the rule.</exception>
    public Task CancelledWriteIsAllOrNothing(CancellationToken cancellationToken = default) => Check(nameof(CancelledWriteIsAllOrNothing), cancellationToken);

    private Task Check(string rule, CancellationToken cancellationToken) => Rule(rule).Check(storage, cancellationToken);
}
