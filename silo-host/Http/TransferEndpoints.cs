using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Http;

/// <summary>Moving money, through the ledger that owns the transfer's id.</summary>
internal static class TransferEndpoints
{
    public static void MapTransfers(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/transfers", MakeTransfer);
        routes.MapGet("/ledgers/{ledger:int:min(0)}", GetLedger);
    }

    private static async Task<IResult> MakeTransfer(TransferRequest request, IGrainFactory grains)
    {
        if (Problems(request) is { Count: > 0 } problems)
            return InvalidInput.Of(problems);

        var transfer = new Transfer { Id = request.Id!, From = request.From!.Value, To = request.To!.Value, Cents = request.Cents!.Value };
        return await grains.GetLedgerOf(transfer.Id).MakeTransfer(transfer) switch
        {
            TransferStatus.UnknownAccount => Results.Problem(
                $"Account {transfer.From} or account {transfer.To} is not open; nothing was moved, and the id {transfer.Id} is used up.",
                statusCode: StatusCodes.Status404NotFound),
            TransferStatus.IdTaken => Results.Problem(
                $"The id {transfer.Id} belongs to another transfer; nothing was moved.",
                statusCode: StatusCodes.Status409Conflict),
            var status => Results.Ok(new TransferAnswer(transfer.Id, status)),
        };
    }

    private static async Task<IResult> GetLedger(int ledger, IGrainFactory grains) =>
        ledger < LedgerShards.Count
            ? Results.Ok(await grains.GetLedger(ledger).GetTransfers())
            : Results.Problem($"Ledgers are numbered 0 to {LedgerShards.Count - 1}.", statusCode: StatusCodes.Status404NotFound);

    private static Dictionary<string, string[]> Problems(TransferRequest request)
    {
        var problems = new Dictionary<string, string[]>();
        if (request.Id is not { Length: > 0 and <= Transfer.MaximumIdLength } || !request.Id.All(IsIdCharacter))
            problems["id"] = [$"must be 1 to {Transfer.MaximumIdLength} letters, digits, '-' or '_', chosen by the client"];

        if (request.From is not (>= 0 and < AccountDirectory.MaximumAccounts))
            problems["from"] = ["must be the number of an account"];

        if (request.To is not (>= 0 and < AccountDirectory.MaximumAccounts))
            problems["to"] = ["must be the number of an account"];
        else if (request.To == request.From)
            problems["to"] = ["must be another account than from"];

        if (request.Cents is not (> 0 and <= Transfer.MaximumCents))
            problems["cents"] = [$"must be a whole number from 1 to {Transfer.MaximumCents}"];

        return problems;
    }

    private static bool IsIdCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_';
}

internal sealed record TransferRequest(string? Id, int? From, int? To, long? Cents);

internal sealed record TransferAnswer(string Id, TransferStatus Status);
