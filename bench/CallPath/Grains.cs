namespace Checkpointing.CallPath.Bench;

/// <summary>A two-account transfer: one call from outside, two nested calls.</summary>
public interface ITeller : IGrainWithIntegerKey
{
    Task Transfer(IAccount from, IAccount to, long cents);
}

public interface IAccount : IGrainWithIntegerKey
{
    Task Withdraw(long cents);

    Task Deposit(long cents);
}

public interface IBareTeller : ITeller;

public interface IBareAccount : IAccount;

public interface ILabelledTeller : ITeller;

public interface ILabelledAccount : IAccount;

public sealed class BareTeller : Grain, IBareTeller
{
    public async Task Transfer(IAccount from, IAccount to, long cents)
    {
        await from.Withdraw(cents);
        await to.Deposit(cents);
    }
}

public sealed class BareAccount : Grain, IBareAccount
{
    private long _cents;

    public Task Withdraw(long cents)
    {
        _cents -= cents;
        return Task.CompletedTask;
    }

    public Task Deposit(long cents)
    {
        _cents += cents;
        return Task.CompletedTask;
    }
}

public sealed class LabelledTeller([CheckpointedState("transfers")] ICheckpointedState<long> transfers) : Grain, ILabelledTeller
{
    public async Task Transfer(IAccount from, IAccount to, long cents)
    {
        await from.Withdraw(cents);
        await to.Deposit(cents);
        transfers.State++;
    }
}

public sealed class LabelledAccount([CheckpointedState("balance")] ICheckpointedState<long> balance) : Grain, ILabelledAccount
{
    public Task Withdraw(long cents)
    {
        balance.State -= cents;
        return Task.CompletedTask;
    }

    public Task Deposit(long cents)
    {
        balance.State += cents;
        return Task.CompletedTask;
    }
}
