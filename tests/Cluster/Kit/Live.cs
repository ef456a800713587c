using System.Collections.Concurrent;
using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Participants;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>The live activations of participants in this process, and what happens to them.</summary>
internal static class Live
{
    private static readonly ConcurrentDictionary<GrainId, CheckpointedActivation> Activations = new();
    private static readonly ConcurrentDictionary<GrainId, SemaphoreSlim> TellSignals = new();
    private static readonly ConcurrentDictionary<GrainId, Func<ProbeGrain, Task>> OnReminder = new();

    public static void Activated(CheckpointedActivation activation) => Activations[activation.Context.GrainId] = activation;

    public static void Deactivated(GrainId grain) => Activations.TryRemove(grain, out _);

    public static CheckpointedActivation Of(IProbeGrain grain) => Activations[grain.GetGrainId()];

    public static void Told(GrainId grain) => TellSignals.GetOrAdd(grain, _ => new SemaphoreSlim(0)).Release();

    public static Task UntilTold(IProbeGrain grain) =>
        TellSignals.GetOrAdd(grain.GetGrainId(), _ => new SemaphoreSlim(0)).WaitAsync(TestContext.Current.CancellationToken).WithTimeLimit();

    public static void WhenReminded(IProbeGrain grain, Func<ProbeGrain, Task> code) => OnReminder[grain.GetGrainId()] = code;

    public static Task Reminded(ProbeGrain grain) => OnReminder.TryGetValue(grain.GrainContext.GrainId, out var code) ? code(grain) : Task.CompletedTask;

    /// <summary>Runs code in a turn of the grain's activation, as the silo's agent will.</summary>
    public static Task<T> InTurn<T>(this IProbeGrain grain, Func<CheckpointedActivation, T> code) => Of(grain).InTurn(code);

    public static Task<T> InTurn<T>(this CheckpointedActivation activation, Func<CheckpointedActivation, T> code)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        activation.Context.Scheduler.QueueAction(() =>
        {
            try
            {
                done.SetResult(code(activation));
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return done.Task.WithTimeLimit();
    }

    /// <summary>Runs asynchronous code in the grain's context without a call, so that no gate stands before it.</summary>
    public static async Task Inside(this IProbeGrain grain, Func<ProbeGrain, Task> code) =>
        await (await grain.InTurn(activation => code((ProbeGrain)activation.Context.GrainInstance!))).WithTimeLimit();

    public static Task CloseGate(this IProbeGrain grain) => Of(grain).CloseGate();

    public static Task CloseGate(this CheckpointedActivation activation) => activation.InTurn(closing =>
    {
        closing.Turns.Close();
        return true;
    });

    public static Task OpenGate(this IProbeGrain grain) => grain.InTurn(activation =>
    {
        activation.Turns.Open();
        return true;
    });

    /// <summary>Completes when this many calls wait on the grain.</summary>
    public static async Task UntilWaiting(this IProbeGrain grain, int calls)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await grain.InTurn(activation =>
        {
            activation.Turns.CallWaits = Check;
            Check();
            return true;

            void Check()
            {
                if (activation.Turns.WaitingCalls >= calls)
                    reached.TrySetResult();
            }
        });
        await reached.Task.WithTimeLimit();
    }

    public static Task<LedgerNow> Ledger(this IProbeGrain grain) => grain.InTurn(activation => new LedgerNow(
        activation.Ledger.Life,
        activation.Ledger.LastSequence,
        activation.Ledger.AllReceipts(),
        activation.Turns.ActiveHandlers,
        activation.Turns.OutstandingCalls,
        activation.Turns.WaitingCalls,
        activation.Ledger.IsClean));

    public static Task WithTimeLimit(this Task task) => task.WaitAsync(TimeSpan.FromSeconds(25), TestContext.Current.CancellationToken);

    public static Task<T> WithTimeLimit<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(25), TestContext.Current.CancellationToken);
}

/// <summary>What a participant's ledger and turn lock hold at one moment.</summary>
internal sealed record LedgerNow(
    Life Life, long LastSequence, ImmutableArray<Receipt> Receipts, int Active, int Outstanding, int Waiting, bool IsClean)
{
    /// <summary>The last label received from this life; 0 if none.</summary>
    public long LastReceivedFrom(LedgerNow peer) =>
        Receipts.Where(receipt => receipt.Sender.Equals(peer.Life)).Select(receipt => receipt.Sequence).SingleOrDefault();
}
