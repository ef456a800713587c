namespace Checkpointing.Bench.Grains;

/// <summary>Grains whose state is checkpointed by the library.</summary>
internal static class CheckpointedGrains
{
    public const string Account = "checkpointed-account";
    public const string Transfer = "checkpointed-transfer";
}

[GrainType(CheckpointedGrains.Account)]
internal sealed class CheckpointedAccountGrain([CheckpointedState("account")] ICheckpointedState<Account> account) : Grain, IAccountGrain
{
    public Task Add(long cents)
    {
        account.State.Add(cents);
        return Task.CompletedTask;
    }

    public Task<Account> Read() => Task.FromResult(account.State.Copy());
}

/// <summary>It has no state of its own, but joins two calls into one chain, so it takes part (SPEC K21).</summary>
[GrainType(CheckpointedGrains.Transfer)]
internal sealed class CheckpointedTransferGrain([CheckpointedState("chain")] ICheckpointedState<NoState> chain)
    : TransferGrain(GrainType.Create(CheckpointedGrains.Account))
{
    /// <summary>Never read: the facet alone makes the grain a participant.</summary>
    public ICheckpointedState<NoState> Chain { get; } = chain;
}

/// <summary>Nothing.</summary>
[GenerateSerializer]
[Alias("bench.no-state")]
internal sealed class NoState;
