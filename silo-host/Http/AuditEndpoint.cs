using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Http;

/// <summary>Whether the books agree. Read grain by grain: exact only while no transfer runs.</summary>
internal static class AuditEndpoint
{
    private const int MostFindings = 100;

    public static void MapAudit(this IEndpointRouteBuilder routes) => routes.MapGet("/audit", Audit);

    private static async Task<AuditAnswer> Audit(IGrainFactory grains)
    {
        var bank = await BankStatement.Read(grains);
        var findings = BankAudit.Audit(bank);
        return new AuditAnswer(
            findings.Count == 0,
            bank.Accounts.Count,
            bank.TotalCents,
            bank.OpeningCents,
            bank.Ledgers.Sum(ledger => ledger.Entries.Count(entry => entry.Status == TransferStatus.Done)),
            [.. findings.Take(MostFindings).Select(finding => finding.ToString())]);
    }
}

/// <summary>The result of an audit; findings name the account or transfer.</summary>
internal sealed record AuditAnswer(bool Consistent, int Accounts, long TotalCents, long OpeningCents, int Transfers, IReadOnlyList<string> Findings);
