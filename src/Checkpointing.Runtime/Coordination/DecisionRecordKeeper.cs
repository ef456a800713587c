using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// Reads and writes the record of decisions for a protocol that tries again at once: a storage that is down must not be asked without end, nor on one ever growing stack.
/// </summary>
internal sealed class DecisionRecordKeeper(DecisionRecordStorage storage, CoordinatorLog log, TimeProvider time)
{
    private int _failedWrites;

    /// <summary>Once, when the coordinator starts.</summary>
    public async Task<DecisionRecord> ReadFirst() => await storage.Read() ?? DecisionRecord.First(Guid.NewGuid());

    /// <returns>Null if that could not be found out.</returns>
    public async Task<DecisionRecord?> Read(Guid storeId)
    {
        try
        {
            return await storage.Read() ?? DecisionRecord.First(storeId);
        }
        catch (Exception exception)
        {
            log.RecordNotRead(exception);
            return null;
        }
    }

    /// <summary>If that fails, the answer takes its time.</summary>
    public async Task<RecordWriteOutcome> Write(DecisionRecord record)
    {
        var (outcome, detail) = await storage.Write(record);
        if (outcome == RecordWriteOutcome.Stored)
        {
            _failedWrites = 0;
        }
        else
        {
            log.RecordNotWritten(outcome, detail);
            await Task.Delay(RoundClock.BackOff(_failedWrites++), time);
        }

        return outcome;
    }
}
