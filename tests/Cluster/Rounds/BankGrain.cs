using Orleans.Concurrency;

namespace Checkpointing.Cluster.Tests.Rounds;

public abstract class BankGrain<TSelf>(ICheckpointedState<BankState> bank) : Grain, IBankGrain
    where TSelf : IBankGrain
{
    private int _running;
    private IGrainTimer? _timer;

    /// <summary>Whether handlers of this class may run side by side.</summary>
    protected virtual bool MayOverlap => false;

    private BankState State => bank.State;

    private string Key => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        BankWatch.Activated(this.GetGrainId());
        return Task.CompletedTask;
    }

    public Task Transfer(long id, string to, long cents) => Alone(async () =>
    {
        Take(id, cents);
        Receive(await Other(to).Credit(Send(to), id, cents));
    });

    public Task TransferAndEnter(long id, string to, string ledger, long cents) => Alone(async () =>
    {
        Take(id, cents);
        Receive(await Other(to).CreditAndEnter(Send(to), id, ledger, cents));
    });

    public Task TransferBetween(long id, string from, string to, long cents) => Alone(async () =>
    {
        State.Entries = State.Entries.With(id);
        Receive(await Other(from).Debit(Send(from), id, cents));
        await Task.Yield();
        Receive(await Other(to).Credit(Send(to), id, cents));
    });

    public Task TransferThroughRelay(long id, string to, long cents) => Alone(async () =>
    {
        Take(id, cents);
        Receive(await GrainFactory.GetGrain<IBankRelayGrain>(0).Credit(Send(to), to, id, cents));
    });

    public Task TransferOneWay(long id, string to, long cents) => Alone(async () =>
    {
        Take(id, cents);
        await Other(to).CreditOneWay(Send(to), id, cents);
    });

    public Task TransferByTimer(long firstId, string to, TimeSpan period)
    {
        var id = firstId;
        _timer = this.RegisterGrainTimer(() => Transfer(id++, to, 1), new GrainTimerCreationOptions(period, period));
        return Task.CompletedTask;
    }

    public Task StopTimer()
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public async Task<long> BalanceOf(string other) => await Other(other).Balance();

    public Task<Note> Debit(Note note, long id, long cents) => Alone(async () =>
    {
        Receive(note);
        await Task.Yield();
        Take(id, cents);
        return Send(note.From);
    });

    public Task<Note> Credit(Note note, long id, long cents) => Alone(async () =>
    {
        Receive(note);
        await Task.Yield();
        Bring(id, cents);
        return Send(note.From);
    });

    public Task<Note> CreditAndEnter(Note note, long id, string ledger, long cents) => Alone(async () =>
    {
        Receive(note);
        Bring(id, cents);
        Receive(await Other(ledger).Enter(Send(ledger), id));
        return Send(note.From);
    });

    public Task<Note> Enter(Note note, long id) => Alone(async () =>
    {
        Receive(note);
        State.Entries = State.Entries.With(id);
        await Task.Yield();
        return Send(note.From);
    });

    public Task CreditOneWay(Note note, long id, long cents) => Alone(() =>
    {
        Receive(note);
        Bring(id, cents);
        return Task.CompletedTask;
    });

    public Task<long> Balance() => Task.FromResult(State.Balance);

    public Task<long> Leave()
    {
        DeactivateOnIdle();
        return Task.FromResult(State.Balance);
    }

    private TSelf Other(string key) => GrainFactory.GetGrain<TSelf>(key);

    private void Take(long id, long cents)
    {
        State.Balance -= cents;
        State.Debits = State.Debits.With(id);
    }

    private void Bring(long id, long cents)
    {
        State.Balance += cents;
        State.Credits = State.Credits.With(id);
    }

    private Note Send(string to) => new(Key, State.Sent[to] = State.Sent.GetValueOrDefault(to) + 1);

    private void Receive(Note note) => State.Received[note.From] = Math.Max(State.Received.GetValueOrDefault(note.From), note.Number);

    private async Task Alone(Func<Task> handler) => await Alone(async () =>
    {
        await handler();
        return true;
    });

    private async Task<T> Alone<T>(Func<Task<T>> handler)
    {
        if (Interlocked.Increment(ref _running) != 1 && !MayOverlap)
            BankWatch.Overlapped();
        try
        {
            return await handler();
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}

public sealed class AccountGrain([CheckpointedState("bank")] ICheckpointedState<BankState> bank) : BankGrain<IAccountGrain>(bank), IAccountGrain;

[Reentrant]
public sealed class ReentrantAccountGrain([CheckpointedState("bank")] ICheckpointedState<BankState> bank)
    : BankGrain<IReentrantAccountGrain>(bank), IReentrantAccountGrain
{
    protected override bool MayOverlap => true;
}

// As many as there are callers: two that wait for accounts which wait for a relay would wait for ever.
[StatelessWorker(128)]
public sealed class BankRelayGrain : Grain, IBankRelayGrain
{
    public async Task<Note> Credit(Note note, string to, long id, long cents)
    {
        await Task.Yield();
        return await GrainFactory.GetGrain<IAccountGrain>(to).Credit(note, id, cents);
    }
}

/// <summary>What the grains of the bank notice; all silos are in the test's process.</summary>
internal static class BankWatch
{
    private static int _overlaps;
    private static int _activations;

    /// <summary>How often two handlers of one non-reentrant activation were seen at once. Must be 0.</summary>
    public static int Overlaps => _overlaps;

    public static int Activations => _activations;

    public static void Overlapped() => Interlocked.Increment(ref _overlaps);

    public static void Activated(GrainId _) => Interlocked.Increment(ref _activations);
}
