using System.Text.Json;
using Checkpointing.TestKit;
using Orleans.Storage;

namespace Checkpointing.Storage.Tests;

/// <summary>Grain storage in memory that keeps all conformance rules but one.</summary>
internal sealed class BrokenStorage(string? brokenRule) : IGrainStorage
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Record> _records = [];
    private readonly HashSet<string> _tombstones = [];
    private TaskCompletionSource? _firstOfTwo;

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.CompletedTask;
        lock (_lock)
        {
            if (_records.TryGetValue(Key(stateName, grainId), out var record))
                (grainState.State, grainState.ETag, grainState.RecordExists) = (Load<T>(record), record.ETag, true);
            else if (!Breaks(nameof(GrainStorageConformance.MissingRecordReadsAsAbsent)))
                (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = Key(stateName, grainId);
        Judge(key, grainState.ETag);
        if (LosesRaces(grainState.ETag))
            await MeetAnotherWriter();
        lock (_lock)
        {
            if (!LosesRaces(grainState.ETag))
                Judge(key, grainState.ETag);
            var record = Store(grainState.State!, _records.GetValueOrDefault(key));
            _records[key] = record;
            (grainState.ETag, grainState.RecordExists) = (record.ETag, true);
            if (Breaks(nameof(GrainStorageConformance.ManyRecordsAtOnceDoNotDisturbEachOther)) && _records.Count > 100)
                throw new InvalidOperationException("There are too many records.");
        }
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.CompletedTask;
        lock (_lock)
        {
            var key = Key(stateName, grainId);
            if (!Breaks(nameof(GrainStorageConformance.ClearWithStaleETagIsRejected)))
                Judge(key, grainState.ETag);
            if (!Breaks(nameof(GrainStorageConformance.ClearedRecordReadsAsAbsent)))
                _records.Remove(key);
            _tombstones.Add(key);
            (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        if (Breaks(nameof(GrainStorageConformance.OperationsTakeACancellationToken)))
            return;
        if (!Breaks(nameof(GrainStorageConformance.CancelledWriteIsAllOrNothing)))
            cancellationToken.ThrowIfCancellationRequested();
        await WriteStateAsync(stateName, grainId, grainState);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static T? Load<T>(Record record) => record.Shared is T shared ? shared : JsonSerializer.Deserialize<T>(record.Json);

    private bool Breaks(string rule) => string.Equals(rule, brokenRule, StringComparison.Ordinal);

    private string Key(string stateName, GrainId grainId)
    {
        var (type, key) = (grainId.Type.ToString()!, grainId.Key.ToString()!);
        if (Breaks(nameof(GrainStorageConformance.AnyGrainIdIsAKey)) && key.Contains('?'))
            throw new ArgumentException("A grain key must not contain a question mark.", nameof(grainId));
        if (Breaks(nameof(GrainStorageConformance.AnyStateNameIsAKey)) && stateName.Contains('\''))
            throw new ArgumentException("A state name must not contain a quote.", nameof(stateName));
        if (Breaks(nameof(GrainStorageConformance.DifferentRecordsAreKeptApart)))
            return $"{stateName}\u0001{key}";
        if (Breaks(nameof(GrainStorageConformance.KeysThatDifferOnlyInCaseAreKeptApart)))
            return $"{stateName}\u0001{type}\u0001{key}".ToUpperInvariant();
        if (Breaks(nameof(GrainStorageConformance.KeysThatDifferOnlyInPartingAreKeptApart)))
            return $"{stateName}/{type}/{key}";
        return $"{stateName}\u0001{type}\u0001{key}";
    }

    private void Judge(string key, string? etag)
    {
        lock (_lock)
        {
            var stored = _records.GetValueOrDefault(key)?.ETag;
            var accepted = string.Equals(etag, stored, StringComparison.Ordinal)
                || (Breaks(nameof(GrainStorageConformance.StaleETagIsRejected)) && etag is not null && stored is not null)
                || (Breaks(nameof(GrainStorageConformance.NullETagOverExistingRecordIsRejected)) && etag is null)
                || (Breaks(nameof(GrainStorageConformance.ETagOverMissingRecordIsRejected)) && stored is null);
            if (Breaks(nameof(GrainStorageConformance.ClearedRecordCanBeWrittenAgain)) && stored is null && _tombstones.Contains(key))
                accepted = false;
            if (!accepted)
                throw new InconsistentStateException("The ETag is not the stored one.", stored, etag);
        }
    }

    private Record Store<T>(T state, Record? previous)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(state);
        if (Breaks(nameof(GrainStorageConformance.LargeStateIsReadBack)) && json.Length > 1_000_000)
            throw new InvalidOperationException("The state is too large.");
        if (Breaks(nameof(GrainStorageConformance.WrittenStateIsReadBack)))
            json = JsonSerializer.SerializeToUtf8Bytes(new ConformanceState());
        var version = (previous?.Version ?? 0) + 1;
        var etag = Guid.NewGuid().ToString("N");
        if (Breaks(nameof(GrainStorageConformance.EveryWriteChangesTheETag)))
            etag = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(json));
        if (Breaks(nameof(GrainStorageConformance.ETagFromBeforeAClearIsRejected)))
            etag = $"{version}";
        return new Record(etag, version, json, Breaks(nameof(GrainStorageConformance.StoredStateIsACopy)) ? state : null);
    }

    private bool LosesRaces(string? etag) =>
        Breaks(etag is null
            ? nameof(GrainStorageConformance.OneOfManyConcurrentCreatorsWins)
            : nameof(GrainStorageConformance.OneOfManyConcurrentWritersWins));

    /// <summary>Lets two writers pass their check before either writes: the race, without relying on luck.</summary>
    private Task MeetAnotherWriter()
    {
        lock (_lock)
        {
            if (_firstOfTwo is not { } first)
                return (_firstOfTwo = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            first.TrySetResult();
            return Task.CompletedTask;
        }
    }

    private sealed record Record(string ETag, int Version, byte[] Json, object? Shared);
}
