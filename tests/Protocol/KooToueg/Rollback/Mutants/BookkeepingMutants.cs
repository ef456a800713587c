namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

/// <summary>Keeps last_rmsg over a rollback: what it has received no longer counts, but it still follows the sender.</summary>
internal sealed class ReceiptsSurviveTheRollback : Bookkeeping
{
    public override void AtRestart()
    {
        var received = LastLabelReceived;
        base.AtRestart();
        LastLabelReceived = received;
    }
}

/// <summary>Keeps first_smsg over a rollback.</summary>
internal sealed class SendsSurviveTheRollback : Bookkeeping
{
    public override void AtRestart()
    {
        var sent = FirstLabelSent;
        base.AtRestart();
        FirstLabelSent = sent;
    }
}
