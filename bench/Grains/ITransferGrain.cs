namespace Checkpointing.Bench.Grains;

/// <summary>Moves money between two accounts: two calls, one after the other. It keeps no state.</summary>
[Alias("bench.transfer")]
internal interface ITransferGrain : IGrainWithStringKey
{
    [Alias("Transfer")]
    Task Transfer(int from, int to, long cents);
}

/// <summary>The code that every mode runs.</summary>
internal abstract class TransferGrain(GrainType accounts) : Grain, ITransferGrain
{
    public async Task Transfer(int from, int to, long cents)
    {
        await Account(from).Add(-cents);
        await Account(to).Add(cents);
    }

    private IAccountGrain Account(int number) => GrainFactory.GetGrain<IAccountGrain>(BenchGrains.Id(accounts, number));
}
