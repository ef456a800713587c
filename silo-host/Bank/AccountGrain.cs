using System.Globalization;
using Checkpointing.SiloHost.Observation;
using Orleans.Placement;

namespace Checkpointing.SiloHost.Bank;

/// <summary>Spread over the silos whatever their load: else one of them may have all, and the loss of a silo would be one of all grains, or of none.</summary>
[GrainType("account")]
[RandomPlacement]
internal sealed class AccountGrain([CheckpointedState("account")] ICheckpointedState<AccountState> account, RolledBackGrains rolledBack)
    : BankGrain(rolledBack), IAccountGrain
{
    public Task<AccountStatement> Open(long cents)
    {
        var state = account.State;
        if (!state.IsOpen)
        {
            state.IsOpen = true;
            state.OpeningCents = cents;
            state.Cents = cents;
        }

        return GetStatement();
    }

    public Task<PostingOutcome> Withdraw(string transferId, long cents)
    {
        var state = account.State;
        if (!state.IsOpen)
            return Task.FromResult(PostingOutcome.NotOpen);

        if (state.Postings.ContainsKey(transferId))
            return Task.FromResult(PostingOutcome.Done);

        return Task.FromResult(state.Cents < cents ? PostingOutcome.InsufficientFunds : Post(transferId, -cents));
    }

    public Task<PostingOutcome> Deposit(string transferId, long cents)
    {
        var state = account.State;
        if (!state.IsOpen)
            return Task.FromResult(PostingOutcome.NotOpen);

        return Task.FromResult(state.Postings.ContainsKey(transferId) ? PostingOutcome.Done : Post(transferId, cents));
    }

    public Task ReverseWithdrawal(string transferId)
    {
        if (account.State.Postings.Remove(transferId, out var cents))
            account.State.Cents -= cents;

        return Task.CompletedTask;
    }

    public Task<long?> GetBalance() => Task.FromResult<long?>(account.State.IsOpen ? account.State.Cents : null);

    public Task<AccountStatement> GetStatement()
    {
        var state = account.State;
        return Task.FromResult(new AccountStatement
        {
            Account = int.Parse(this.GetPrimaryKeyString(), CultureInfo.InvariantCulture),
            IsOpen = state.IsOpen,
            OpeningCents = state.OpeningCents,
            Cents = state.Cents,
            Postings = new Dictionary<string, long>(state.Postings),
        });
    }

    private PostingOutcome Post(string transferId, long cents)
    {
        account.State.Postings.Add(transferId, cents);
        account.State.Cents += cents;
        return PostingOutcome.Done;
    }
}
