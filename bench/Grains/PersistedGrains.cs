namespace Checkpointing.Bench.Grains;

/// <summary>Grains that write their state on every call that changes it, each for itself; the library plays no part.</summary>
internal static class PersistedGrains
{
    public const string Account = "persisted-account";
    public const string Transfer = "persisted-transfer";
    public const string Store = "bench";
}

[GrainType(PersistedGrains.Account)]
internal sealed class PersistedAccountGrain([PersistentState("account", PersistedGrains.Store)] IPersistentState<Account> account) : Grain, IAccountGrain
{
    public Task Add(long cents)
    {
        account.State.Add(cents);
        return account.WriteStateAsync();
    }

    public Task<Account> Read() => Task.FromResult(account.State.Copy());
}

/// <summary>It has nothing to write.</summary>
[GrainType(PersistedGrains.Transfer)]
internal sealed class PersistedTransferGrain() : TransferGrain(GrainType.Create(PersistedGrains.Account));
