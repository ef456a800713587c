using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Cluster.Tests.Calls;

public sealed class OpenEnumerationsTests
{
    private readonly Clock _clock = new();
    private readonly OpenEnumerations _enumerations;
    private readonly Guid _id = Guid.NewGuid();
    private readonly TaskCompletionSource<bool> _element = new();
    private int _codeHasRun;

    public OpenEnumerationsTests() => _enumerations = new OpenEnumerations(_clock, () => _codeHasRun++);

    [Fact]
    public void Code_that_waits_for_its_caller_is_in_use_for_a_second()
    {
        CallEnds(EnumerationResult.Element);
        Assert.True(_enumerations.AnyInUse);
        _clock.Now += OpenEnumerations.IdleLimit;
        Assert.False(_enumerations.AnyInUse);
    }

    [Fact]
    public async Task Code_that_runs_on_is_in_use_until_it_waits_for_its_caller_or_its_time_is_over()
    {
        var running = Run();
        CallEnds(EnumerationResult.Element);
        _clock.Now += OpenEnumerations.IdleLimit * 2;
        Assert.True(_enumerations.AnyInUse);
        _element.SetResult(true);
        Assert.True(await running);
        Assert.False(_enumerations.AnyInUse);
        Assert.Equal(1, _codeHasRun);
    }

    [Fact]
    public void Code_that_waits_for_what_never_comes_is_not_in_use_for_ever()
    {
        _ = Run();
        CallEnds(EnumerationResult.Heartbeat);
        _clock.Now += OpenEnumerations.RunningLimit - TimeSpan.FromSeconds(1);
        Assert.True(_enumerations.AnyInUse);
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.False(_enumerations.AnyInUse);
    }

    [Fact]
    public async Task Code_that_does_not_heed_its_end_is_in_use_until_it_has_ended()
    {
        var running = Run();
        CallEnds(EnumerationResult.Canceled);
        Assert.True(_enumerations.AnyInUse);
        _element.SetResult(false);
        Assert.False(await running);
        Assert.False(_enumerations.AnyInUse);
    }

    [Fact]
    public void An_enumeration_that_has_ended_is_in_use_no_more()
    {
        CallEnds(EnumerationResult.Element);
        CallEnds(EnumerationResult.Completed);
        Assert.False(_enumerations.AnyInUse);
    }

    private Task<bool> Run() => _enumerations.CodeOf(_id).ToNext(new Code(_element)).AsTask();

    private void CallEnds(EnumerationResult status) => _enumerations.CallEnded(_id, Response.FromResult((status, (object?)null)));

    private sealed class Code(TaskCompletionSource<bool> next) : IAsyncEnumerator<int>
    {
        public int Current => 1;

        public ValueTask<bool> MoveNextAsync() => new(next.Task);

        public ValueTask DisposeAsync() => default;
    }
}
