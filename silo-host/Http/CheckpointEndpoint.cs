using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Http;

/// <summary>Taking checkpoints on request. An aborted checkpoint is an answer, not an error.</summary>
internal static class CheckpointEndpoint
{
    public static void MapCheckpoints(this IEndpointRouteBuilder routes) => routes.MapPost("/checkpoints", TakeCheckpoint);

    private static async Task<IResult> TakeCheckpoint(CheckpointGrainRequest? request, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var coordinator = grains.GetCheckpointCoordinator();
        switch (request)
        {
            case null or { Account: null, Ledger: null }:
                return Results.Ok(await coordinator.CheckpointAll(cancellationToken));
            case { Account: not null, Ledger: not null }:
                return InvalidInput.Of("account", "must not be given together with ledger: name one grain, or none for all");
            case { Account: { } account } when account < 0 || account >= await grains.GetAccountDirectory().Count():
                return InvalidInput.Of("account", "must be the number of an open account");
            case { Account: { } account }:
                return Results.Ok(await coordinator.Checkpoint(grains.GetAccount(account).GetGrainId(), cancellationToken));
            case { Ledger: < 0 or >= LedgerShards.Count }:
                return InvalidInput.Of("ledger", $"must be from 0 to {LedgerShards.Count - 1}");
            default:
                return Results.Ok(await coordinator.Checkpoint(grains.GetLedger(request.Ledger!.Value).GetGrainId(), cancellationToken));
        }
    }
}

/// <summary>The grain to checkpoint; without one, every changed grain.</summary>
internal sealed record CheckpointGrainRequest(int? Account, int? Ledger);
