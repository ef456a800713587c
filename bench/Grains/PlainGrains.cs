namespace Checkpointing.Bench.Grains;

/// <summary>Grains whose state is in memory only; the library plays no part.</summary>
internal static class PlainGrains
{
    public const string Account = "plain-account";
    public const string Transfer = "plain-transfer";
}

[GrainType(PlainGrains.Account)]
internal sealed class PlainAccountGrain : Grain, IAccountGrain
{
    private readonly Account _account = new();

    public Task Add(long cents)
    {
        _account.Add(cents);
        return Task.CompletedTask;
    }

    public Task<Account> Read() => Task.FromResult(_account.Copy());
}

[GrainType(PlainGrains.Transfer)]
internal sealed class PlainTransferGrain() : TransferGrain(GrainType.Create(PlainGrains.Account));
