using Checkpointing.SiloHost.Observation;

namespace Checkpointing.SiloHost.Bank;

[GrainType("account-directory")]
internal sealed class AccountDirectoryGrain([CheckpointedState("directory")] ICheckpointedState<AccountDirectoryState> directory, RolledBackGrains rolledBack)
    : BankGrain(rolledBack), IAccountDirectoryGrain
{
    public async Task<AccountStatement?> Open(long cents)
    {
        var account = directory.State.OpenAccounts;
        if (account >= AccountDirectory.MaximumAccounts)
            return null;

        var statement = await GrainFactory.GetAccount(account).Open(cents);
        directory.State.OpenAccounts = account + 1;
        return statement;
    }

    public Task<int> Count() => Task.FromResult(directory.State.OpenAccounts);
}

/// <summary>The checkpointed state of the directory.</summary>
[GenerateSerializer]
[Alias("bank.account-directory-state.v1")]
internal sealed class AccountDirectoryState
{
    [Id(0)]
    public int OpenAccounts { get; set; }
}
