using Orleans.Concurrency;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>A grain of the bank: account, teller and ledger in one, so that any shape of call chain can be made of it.</summary>
public interface IBankGrain : IGrainWithStringKey
{
    /// <summary>Chain of two accounts: takes the money from here and brings it to another account, in one handler.</summary>
    Task Transfer(long id, string to, long cents);

    /// <summary>Chain of three: as <see cref="Transfer"/>, and the receiving account has the transfer entered in a ledger.</summary>
    Task TransferAndEnter(long id, string to, string ledger, long cents);

    /// <summary>A checkpointed grain between two accounts: enters the transfer, then takes and brings the money.</summary>
    Task TransferBetween(long id, string from, string to, long cents);

    /// <summary>As <see cref="Transfer"/>, through a stateless worker.</summary>
    Task TransferThroughRelay(long id, string to, long cents);

    /// <summary>As <see cref="Transfer"/>, but nobody waits for the money to arrive.</summary>
    Task TransferOneWay(long id, string to, long cents);

    /// <summary>From now on a timer of this grain makes transfers to another account.</summary>
    Task TransferByTimer(long firstId, string to, TimeSpan period);

    Task StopTimer();

    /// <summary>Forces nested calls to be made: reads the balance of another account.</summary>
    Task<long> BalanceOf(string other);

    Task<Note> Debit(Note note, long id, long cents);

    Task<Note> Credit(Note note, long id, long cents);

    Task<Note> CreditAndEnter(Note note, long id, string ledger, long cents);

    Task<Note> Enter(Note note, long id);

    [OneWay]
    Task CreditOneWay(Note note, long id, long cents);

    [ReadOnly]
    Task<long> Balance();

    Task<long> Leave();
}

public interface IAccountGrain : IBankGrain;

public interface IReentrantAccountGrain : IBankGrain;

/// <summary>A stateless worker between two accounts.</summary>
public interface IBankRelayGrain : IGrainWithIntegerKey
{
    Task<Note> Credit(Note note, string to, long id, long cents);
}
