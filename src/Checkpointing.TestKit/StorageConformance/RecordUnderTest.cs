using System.Diagnostics.CodeAnalysis;
using Orleans.Storage;

namespace Checkpointing.TestKit;

/// <summary>One record in the storage that is judged, with the words for what may happen to it.</summary>
internal sealed class RecordUnderTest(JudgedStorage judged, string stateName, GrainId grainId)
{
    public static GrainState<ConformanceState> Held(string text, string? etag) =>
        new(new ConformanceState { Text = text, Number = text.Length }, etag) { RecordExists = etag is not null };

    public override string ToString() => $"state '{stateName}' of grain '{grainId}'";

    /// <summary>Writes as a caller that holds this ETag; the result holds the new one.</summary>
    public async Task<GrainState<ConformanceState>> Write(string text, string? etag = null)
    {
        var held = Held(text, etag);
        await Write(held);
        return held;
    }

    public Task Write(GrainState<ConformanceState> held) => Perform("write", () => judged.Storage.WriteStateAsync(stateName, grainId, held));

    public Task Clear(GrainState<ConformanceState> held) => Perform("clear", () => judged.Storage.ClearStateAsync(stateName, grainId, held));

    public async Task<GrainState<ConformanceState>> Read()
    {
        // As a caller that held something else before: a read must replace all of it.
        var held = Held("held before the read", "etag-held-before-the-read");
        await Perform("read", () => judged.Storage.ReadStateAsync(stateName, grainId, held));
        return held;
    }

    /// <summary>Null if the write went through; the exception if it was rejected.</summary>
    public Task<InconsistentStateException?> TryWrite(GrainState<ConformanceState> held) =>
        Attempt("write", () => judged.Storage.WriteStateAsync(stateName, grainId, held));

    public Task<InconsistentStateException?> TryClear(GrainState<ConformanceState> held) =>
        Attempt("clear", () => judged.Storage.ClearStateAsync(stateName, grainId, held));

    /// <summary>False if the storage gave up with <see cref="OperationCanceledException"/>.</summary>
    public Task<bool> WriteCancellably(GrainState<ConformanceState> held, CancellationToken token) =>
        Cancellably("write", () => judged.Storage.WriteStateAsync(stateName, grainId, held, token), token);

    public Task<bool> ReadCancellably(GrainState<ConformanceState> held, CancellationToken token) =>
        Cancellably("read", () => judged.Storage.ReadStateAsync(stateName, grainId, held, token), token);

    public Task<bool> ClearCancellably(GrainState<ConformanceState> held, CancellationToken token) =>
        Cancellably("clear", () => judged.Storage.ClearStateAsync(stateName, grainId, held, token), token);

    /// <summary>Writes as a caller whose ETag is out of date and requires all that must follow from that.</summary>
    public async Task MustReject(string? outdatedETag, string whose)
    {
        var held = Held("written by a caller that is out of date", outdatedETag);
        judged.Require(await TryWrite(held) is not null, $"a write of {this} with {whose} ('{outdatedETag ?? "null"}') went through");
        judged.Require(
            string.Equals(held.ETag, outdatedETag, StringComparison.Ordinal),
            $"a rejected write of {this} changed its caller's ETag from '{outdatedETag}' to '{held.ETag}'");
    }

    public async Task MustHold(GrainState<ConformanceState> expected)
    {
        var read = await Read();
        judged.Require(read.RecordExists, $"{this} was written, but a read says RecordExists = false");
        judged.Require(Same(expected.State, read.State), $"{this} reads back as {Describe(read.State)} instead of {Describe(expected.State)}");
        judged.Require(
            string.Equals(read.ETag, expected.ETag, StringComparison.Ordinal),
            $"{this} reads back with ETag '{read.ETag}', but its last write gave '{expected.ETag}'");
    }

    public async Task MustBeAbsent()
    {
        var read = await Read();
        judged.Require(!read.RecordExists, $"{this} should not exist, but a read says RecordExists = true with {Describe(read.State)}");
        judged.Require(read.State is not { Text.Length: > 0 }, $"{this} should not exist, but a read leaves {Describe(read.State)} in its caller's hands");
    }

    private static bool Same(ConformanceState? one, ConformanceState? other) =>
        one is not null && other is not null
        && string.Equals(one.Text, other.Text, StringComparison.Ordinal)
        && one.Number == other.Number
        && one.Bytes.AsSpan().SequenceEqual(other.Bytes);

    private static string Describe(ConformanceState? state) =>
        state is null ? "null" : $"{{ Text = '{state.Text}', Number = {state.Number}, {state.Bytes.Length} bytes }}";

    private async Task Perform(string what, Func<Task> operation)
    {
        if (await Attempt(what, operation) is { } rejection)
            throw judged.Broken($"a {what} of {this} was rejected: {rejection.Message}", rejection);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever else a provider throws breaks the rule.")]
    private async Task<InconsistentStateException?> Attempt(string what, Func<Task> operation)
    {
        judged.Stop.ThrowIfCancellationRequested();
        try
        {
            await operation();
            return null;
        }
        catch (InconsistentStateException rejection)
        {
            return rejection;
        }
        catch (Exception fault)
        {
            throw judged.Broken($"a {what} of {this} threw {fault.GetType().Name}: {fault.Message}", fault);
        }
    }

    private async Task<bool> Cancellably(string what, Func<Task> operation, CancellationToken token)
    {
        try
        {
            await Perform(what, operation);
            return true;
        }
        catch (ConformanceViolationException violation) when (token.IsCancellationRequested && violation.InnerException is OperationCanceledException)
        {
            return false;
        }
    }
}
