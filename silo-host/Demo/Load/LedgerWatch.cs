using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>Waits until a transfer that was sent after the watch began has succeeded through every ledger.</summary>
/// <param name="after">The number of the last transfer before.</param>
internal sealed class LedgerWatch(int after)
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _missing = [.. Enumerable.Range(0, LedgerShards.Count)];
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task AllSucceeded => _all.Task;

    public void Succeeded(int number, int ledger)
    {
        if (number <= after)
            return;

        lock (_gate)
        {
            if (_missing.Remove(ledger) && _missing.Count == 0)
                _all.SetResult();
        }
    }
}
